"""The counters of the service, for Prometheus.

It needs ``prometheus_client``, which the extra ``metrics`` installs.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from .connection.state import ConnectionState
from .service import ControllerState, ControllerStats
from .support.stats import Stats

if TYPE_CHECKING:
    # It needs an extra of its own.
    from .recording import RecorderStats

__all__ = ["ControllerCollector", "RecorderCollector", "metrics_site"]

#: The counters of each connection that are served, with their descriptions.  A key is
#: the field of `Stats` and also the name of the metric without its prefix.
_COUNTERS = {
    "messages": "Messages received.",
    "bytes": "Bytes received.",
    "bad_lines": "Lines received that were not a message.",
    "oversize_lines": "Lines skipped because they were longer than the limit.",
    "dropped_messages": "Messages dropped undelivered.",
    "callback_errors": "Exceptions out of the callbacks.",
    "connects": "Connections made.",
}
_GAUGES = {
    "queue_depth": "Messages that wait for the callback.",
    "queue_high_water": "The most messages that ever waited.",
    "message_rate": "Messages received per second, over two seconds or more.",
}


class ControllerCollector(Collector):
    """Turns the counters into metrics.

    `prometheus_client` answers requests in a thread of the reactor's pool, but the
    counters belong to the reactor's thread.  So `look` copies them in the reactor's
    thread, and the other thread uses only the copy.

    Parameters
    ----------
    observe
        Returns the state and the counters.
    seconds
        Returns the time of the clock that the counters use.
    """

    def __init__(
        self,
        observe: Callable[[], tuple[ControllerState, ControllerStats]],
        seconds: Callable[[], float],
    ) -> None:
        self._observe = observe
        self._seconds = seconds
        self.look()

    def look(self) -> None:
        """Copy the present state and counters."""
        self._now = self._seconds()
        self._seen = self._observe()

    def collect(self) -> Iterable[Metric]:
        """Override: return the metrics as of the last look."""
        state, stats = self._seen
        connections = {
            "command": (state.command, stats.command),
            "telemetry": (state.telemetry, stats.telemetry),
        }
        connected = GaugeMetricFamily(
            "m2com_connected", "Whether there is a connection.", labels=["connection"]
        )
        silence = GaugeMetricFamily(
            "m2com_silence_seconds", "Time since the last message.", labels=["connection"]
        )
        for name, (where, counters) in connections.items():
            connected.add_metric([name], where is ConnectionState.CONNECTED)
            if counters.last_message_time is not None:
                silence.add_metric([name], self._now - counters.last_message_time)
        yield connected
        yield silence
        for field, meaning in _COUNTERS.items():
            yield _filled(CounterMetricFamily, field, meaning, connections)
        for field, meaning in _GAUGES.items():
            yield _filled(GaugeMetricFamily, field, meaning, connections)


def _filled(
    family: type[CounterMetricFamily] | type[GaugeMetricFamily],
    field: str,
    meaning: str,
    connections: dict[str, tuple[ConnectionState, Stats]],
) -> Metric:
    """Return a metric with the value of a field for each connection."""
    metric = family(f"m2com_{field}", meaning, labels=["connection"])
    for name, (_, counters) in connections.items():
        metric.add_metric([name], getattr(counters, field))
    return metric


class RecorderCollector(Collector):
    """Turns the counters of a recorder into metrics; see `ControllerCollector`.

    Parameters
    ----------
    observe
        Returns the counters.
    """

    def __init__(self, observe: "Callable[[], RecorderStats]") -> None:
        self._observe = observe
        self.look()

    def look(self) -> None:
        """Copy the present counters."""
        self._seen = self._observe()

    def collect(self) -> Iterable[Metric]:
        """Override: return the metrics as of the last look."""
        for name, meaning, value in (
            # Gauges, because both decrease when a segment is deleted while it is written.
            ("messages", "Messages that are on disk.", self._seen.recorded),
            ("bytes", "Bytes of the segments since the last start.", self._seen.bytes),
            ("waiting_messages", "Messages that are not on disk yet.", self._seen.waiting),
            ("segment_age_seconds", "Age of the segment.", self._seen.segment_age),
        ):
            yield GaugeMetricFamily(f"m2com_recording_{name}", meaning, value)
        meaning = "Messages that are not on disk and never will be."
        yield CounterMetricFamily("m2com_recording_lost_messages", meaning, self._seen.lost)


class _MetricsRoot(Resource):
    """Copies the counters for each request of ``/metrics``."""

    def __init__(self, collectors: tuple[ControllerCollector | RecorderCollector, ...]) -> None:
        Resource.__init__(self)
        self._collectors = collectors
        registry = CollectorRegistry()
        for collector in collectors:
            registry.register(collector)
        # Imported here, because it imports the reactor.
        from prometheus_client.twisted import MetricsResource

        # `MetricsResource` is a lambda without annotations.
        self._metrics: IResource = MetricsResource(registry)  # type: ignore[no-untyped-call]

    def getChild(self, path: bytes, request: Request) -> IResource:
        """Override: serve ``/metrics`` and nothing else."""
        if path != b"metrics":
            return notFound()
        for collector in self._collectors:
            collector.look()
        return self._metrics


class _QuietSite(Site):
    """Does not log the requests of Prometheus, which come all day."""

    noisy = False

    def __init__(self, root: IResource) -> None:
        Site.__init__(self, root)

    def log(self, request: object) -> None:
        """Override: log nothing."""


def metrics_site(*collectors: ControllerCollector | RecorderCollector) -> Site:
    """Return the site that serves the metrics under ``/metrics``."""
    return _QuietSite(_MetricsRoot(collectors))
