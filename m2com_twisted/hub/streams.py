"""The streams of an instance: what the server keeps, and for how long."""

from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamSource
from nats.js.errors import NotFoundError

from .subjects import Subjects

__all__ = ["Retention", "differences", "ensure_streams", "stream_configs"]

_HOUR = 3600.0
_DAY = 24 * _HOUR

#: For how long the server knows an id again, in seconds: longer than any
#: outage of the broker should last.  Readers know a repeat by its number anyway.
_DUPLICATE_WINDOW = 600.0


@dataclass(frozen=True)
class Retention:
    """How long the streams keep what, and on how many servers of a cluster."""

    #: Seconds that events, statuses of commands and states of our connections are kept.
    events: float = _DAY
    #: Seconds that telemetry is kept.
    telemetry: float = _HOUR
    #: Most bytes of telemetry; None: as many as come in that time.
    telemetry_bytes: int | None = None
    #: Seconds that requests are known again.
    requests: float = _DAY
    #: Copies, each on another server.
    replicas: int = 1


def stream_configs(subjects: Subjects, retention: Retention) -> list[StreamConfig]:
    """Return the streams of an instance, each as it should be."""
    replicas = retention.replicas
    return [
        StreamConfig(
            name=subjects.events_stream,
            subjects=[subjects.events, subjects.statuses, subjects.links],
            max_age=retention.events,
            duplicate_window=min(_DUPLICATE_WINDOW, retention.events),
            num_replicas=replicas,
        ),
        # Apart from the one above, so that what changes once a month is there
        # for a late joiner.  By `sources`, since no two streams may have the
        # same subjects.
        StreamConfig(
            name=subjects.last_stream,
            sources=[StreamSource(name=subjects.events_stream)],
            max_msgs_per_subject=1,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=subjects.telemetry_stream,
            subjects=[subjects.telemetry],
            max_age=retention.telemetry,
            max_bytes=retention.telemetry_bytes,
            # Never sent twice, so there is nothing to know again.
            duplicate_window=1.0,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=subjects.requests_stream,
            subjects=[subjects.requests],
            max_age=retention.requests,
            num_replicas=replicas,
        ),
    ]


async def ensure_streams(jetstream: JetStreamContext, configs: list[StreamConfig]) -> list[str]:
    """Make the streams that are not there, and leave the others as they are.

    Returns
    -------
    made
        The names of those that were made.
    """
    made: list[str] = []
    for config in configs:
        name = str(config.name)
        try:
            await jetstream.stream_info(name)
        except NotFoundError:
            await jetstream.add_stream(config)
            made.append(name)
    return made


async def differences(jetstream: JetStreamContext, configs: list[StreamConfig]) -> list[str]:
    """Return what is not as it should be, one line for each thing."""
    lines: list[str] = []
    for config in configs:
        try:
            found = (await jetstream.stream_info(str(config.name))).config
        except NotFoundError:
            lines.append(f"{config.name} is missing")
            continue
        for field in ("subjects", "max_age", "max_bytes", "max_msgs_per_subject", "num_replicas"):
            wanted, there = getattr(config, field), getattr(found, field)
            if (wanted or None) != (there or None) and not _are_unlimited(wanted, there):
                lines.append(f"{config.name}: {field} is {there}, not {wanted}")
    return lines


def _are_unlimited(wanted: object, there: object) -> bool:
    return all(limit in (None, 0, -1) for limit in (wanted, there) if not isinstance(limit, list))
