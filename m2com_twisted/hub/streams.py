"""The streams of an instance: which messages the server stores, and for how long."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamSource
from nats.js.errors import NotFoundError

from ..support.quantities import shown_duration, shown_size
from .session import Session
from .subjects import Subjects

__all__ = ["Retention", "check_streams", "ensure_streams", "set_up_streams", "stream_configs"]

_HOUR = 3600.0
_DAY = 24 * _HOUR

#: Time for which the server remembers the id of a message, in seconds.  An outage of the server
#: should be shorter.  Readers also recognize a repeat by its number.
_DUPLICATE_WINDOW = 600.0

#: The settings that `check_streams` compares if they are given.
_COMPARED = ("subjects", "max_age", "max_bytes", "max_msgs_per_subject", "num_replicas")


@dataclass(frozen=True)
class Retention:
    """Times and sizes of the streams, and the number of servers that store them.

    If a value is None, the setting on the hub does not change, and a new stream
    gets the default.
    """

    #: Seconds for which events, command statuses and states of our connections are stored.
    #: A new stream stores them for 24 h.
    events: float | None = None
    #: Seconds for which telemetry is stored.  A new stream stores it for 1 h.
    telemetry: float | None = None
    #: Largest number of bytes of telemetry; -1 for no limit besides the time.  A new stream has no
    #: limit.
    telemetry_bytes: int | None = None
    #: Seconds for which requests are remembered.  A new stream remembers them for 24 h.
    requests: float | None = None
    #: Number of copies, each on another server.  A new stream has one.
    replicas: int | None = None


#: The retention of new streams.
_DEFAULT = Retention(events=_DAY, telemetry=_HOUR, telemetry_bytes=-1, requests=_DAY, replicas=1)


def stream_configs(subjects: Subjects, retention: Retention) -> list[StreamConfig]:
    """Return the configurations of new streams of an instance.  Defaults replace None."""
    given = {name: value for name, value in asdict(retention).items() if value is not None}
    return _configs(subjects, replace(_DEFAULT, **given))


def _configs(subjects: Subjects, retention: Retention) -> list[StreamConfig]:
    """Return the configurations of the streams.  A setting that is not given is None."""
    replicas = retention.replicas
    return [
        StreamConfig(
            name=subjects.events_stream,
            subjects=[subjects.events, subjects.statuses, subjects.links],
            max_age=retention.events,
            duplicate_window=min(_DUPLICATE_WINDOW, retention.events or _DUPLICATE_WINDOW),
            num_replicas=replicas,
        ),
        # This is a separate stream, so that a new reader also gets a value that changes
        # once a month.  It copies by `sources`, because two streams cannot have the same
        # subjects.
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
    """Return a function that creates or changes the streams, and returns a list of changes.

    Settings that are not given stay as they are.  A stream that does not exist gets the defaults.
    """

    async def set_up(session: Session) -> list[str]:
        jetstream = session.client.jetstream()
        new = stream_configs(subjects, retention)
        lines = [f"{name} is made" for name in await ensure_streams(jetstream, new)]
        for wanted in _configs(subjects, retention):
            found = (await jetstream.stream_info(str(wanted.name))).config
            changes = _differences(found, wanted)
            if changes:
                await jetstream.update_stream(_changed(found, wanted, changes))
            lines += [
                f"{wanted.name}: {field} is {_shown(field, value)} now"
                for field, value in changes.items()
            ]
        return lines

    return set_up


def check_streams(
    subjects: Subjects, retention: Retention
) -> Callable[[Session], Awaitable[list[str]]]:
    """Return a function that checks the streams and returns a list of problems.

    It checks that each stream exists and stores its subjects, and the settings that are given.
    """

    async def check(session: Session) -> list[str]:
        jetstream = session.client.jetstream()
        lines: list[str] = []
        for wanted in _configs(subjects, retention):
            try:
                found = (await jetstream.stream_info(str(wanted.name))).config
            except NotFoundError:
                lines.append(f"{wanted.name} is missing")
            else:
                lines += [
                    f"{wanted.name}: {field} is {_shown(field, getattr(found, field))}, "
                    f"not {_shown(field, value)}"
                    for field, value in _differences(found, wanted).items()
                ]
        return lines

    return check


def _differences(found: StreamConfig, wanted: StreamConfig) -> dict[str, object]:
    """Return the correct value of each given setting that differs on the hub."""
    # nats-py has -1 if no number of messages is given.
    given = {name: getattr(wanted, name) for name in _COMPARED}
    if wanted.max_msgs_per_subject == -1:
        del given["max_msgs_per_subject"]
    return {
        name: value
        for name, value in given.items()
        if value is not None and _set(getattr(found, name)) != _set(value)
    }


def _changed(found: StreamConfig, wanted: StreamConfig, changes: dict[str, object]) -> StreamConfig:
    """Return the configuration on the hub with changes.  All other settings stay."""
    # The server refuses a stream that remembers ids longer than messages.
    if "max_age" in changes:
        changes = {**changes, "duplicate_window": wanted.duplicate_window}
    return found.evolve(**changes)


def _shown(field: str, value: object) -> str:
    """Return a setting in the form that the options of ``m2com hub`` take."""
    if _set(value) is None:
        return "none"
    if field == "max_age" and isinstance(value, (int, float)):
        return shown_duration(value)
    if field == "max_bytes" and isinstance(value, int):
        return shown_size(value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _set(value: object) -> object:
    """Return a setting.  The values by which the server means "no limit" become None."""
    return None if value in (-1, 0, [], None) else value
