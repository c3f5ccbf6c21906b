"""The streams of an instance: which messages the server stores, and for how long."""

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

#: Time for which the server remembers the id of a message, in seconds.  An outage of the server
#: should be shorter.  Readers also recognize a repeat by its number.
_DUPLICATE_WINDOW = 600.0

#: The settings that `check_streams` compares.  An operator may have changed them.
_COMPARED = ("subjects", "max_age", "max_bytes", "max_msgs_per_subject", "num_replicas")


@dataclass(frozen=True)
class Retention:
    """Times and sizes of the streams, and the number of servers that store them."""

    #: Seconds for which events, command statuses and states of our connections are stored.
    events: float = _DAY
    #: Seconds for which telemetry is stored.
    telemetry: float = _HOUR
    #: Largest number of bytes of telemetry.  None: no limit besides the time.
    telemetry_bytes: int | None = None
    #: Seconds for which requests are remembered.
    requests: float = _DAY
    #: Number of copies, each on another server.
    replicas: int = 1


def stream_configs(subjects: Subjects, retention: Retention) -> list[StreamConfig]:
    """Return the configurations of the streams of an instance."""
    replicas = retention.replicas
    return [
        StreamConfig(
            name=subjects.events_stream,
            subjects=[subjects.events, subjects.statuses, subjects.links],
            max_age=retention.events,
            duplicate_window=min(_DUPLICATE_WINDOW, retention.events),
            num_replicas=replicas,
        ),
        # A separate stream, so that a new reader also gets a value that changes once a
        # month.  It copies by `sources`, because two streams cannot have the same subjects.
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
            # Telemetry is never sent twice, so no id must be remembered.
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
    """Create the streams that do not exist, and do not change the others.

    Returns
    -------
    made
        The names of the created streams.
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
    """Return a function that creates or changes the streams, and returns lists of changes."""

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
    """Return a function that checks the streams and returns a list of problems."""

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
    """Return each setting that differs: its name, its present value and the correct value."""
    found = (await jetstream.stream_info(str(config.name))).config
    values = ((name, getattr(found, name), getattr(config, name)) for name in _COMPARED)
    return [(name, there, wanted) for name, there, wanted in values if _set(there) != _set(wanted)]


def _set(value: object) -> object:
    """Return a setting.  The values by which the server means "no limit" become None."""
    return None if value in (-1, 0, [], None) else value
