"""The streams of an instance: what the server keeps, and for how long."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamSource
from nats.js.errors import NotFoundError

from .session import Session
from .subjects import Subjects

__all__ = ["Retention", "check_streams", "ensure_streams", "set_up_streams", "stream_configs"]

_HOUR = 3600.0
_DAY = 24 * _HOUR

#: For how long the server knows an id again, in seconds: longer than any
#: outage of the broker should last.  Readers know a repeat by its number anyway.
_DUPLICATE_WINDOW = 600.0

#: What `check_streams` compares: what an operator may have set otherwise.
_COMPARED = ("subjects", "max_age", "max_bytes", "max_msgs_per_subject", "num_replicas")


@dataclass(frozen=True)
class Retention:
    """How long each stream keeps its messages, and on how many servers of a cluster."""

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


def set_up_streams(
    subjects: Subjects, retention: Retention
) -> Callable[[Session], Awaitable[list[str]]]:
    """Return what makes the streams, and changes those that are otherwise; it tells what it did."""

    async def set_up(session: Session) -> list[str]:
        jetstream = session.client.jetstream()
        configs = stream_configs(subjects, retention)
        lines = [f"{name} is made" for name in await ensure_streams(jetstream, configs)]
        for config in configs:
            differing = await _differences(jetstream, config)
            if differing:
                await jetstream.update_stream(config)
            lines += [f"{config.name}: {field} is {wanted} now" for field, _, wanted in differing]
        return lines

    return set_up


def check_streams(
    subjects: Subjects, retention: Retention
) -> Callable[[Session], Awaitable[list[str]]]:
    """Return a function that checks the streams and returns what is wrong with them."""

    async def check(session: Session) -> list[str]:
        jetstream = session.client.jetstream()
        lines: list[str] = []
        for config in stream_configs(subjects, retention):
            try:
                differing = await _differences(jetstream, config)
            except NotFoundError:
                lines.append(f"{config.name} is missing")
            else:
                lines += [
                    f"{config.name}: {field} is {there}, not {wanted}"
                    for field, there, wanted in differing
                ]
        return lines

    return check


async def _differences(
    jetstream: JetStreamContext, config: StreamConfig
) -> list[tuple[str, object, object]]:
    """Return each setting that differs: its name, what it is, and what it should be."""
    found = (await jetstream.stream_info(str(config.name))).config
    values = ((name, getattr(found, name), getattr(config, name)) for name in _COMPARED)
    return [(name, there, wanted) for name, there, wanted in values if _set(there) != _set(wanted)]


def _set(value: object) -> object:
    """Return a setting, with None for the ways of the server to say that there is no limit."""
    return None if value in (-1, 0, [], None) else value
