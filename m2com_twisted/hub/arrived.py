"""What a reader gets from the hub: messages, and notices about the progress of the reading."""

from dataclasses import dataclass

from nats.aio.msg import Msg

from .subjects import RECEIVED, SEQUENCE, SOURCE, number_in

__all__ = ["Arrived", "ReadingNotice", "arrived_from"]


@dataclass(frozen=True)
class Arrived:
    """One message from the hub."""

    subject: str
    payload: bytes
    source: str
    sequence: int
    #: When the service received it, in ns since 1970 UTC.  0 if that is not known.
    received: int = 0
    #: Whether it is a last value from before this reader connected.
    is_last_value: bool = False


@dataclass(frozen=True)
class ReadingNotice:
    """A notice about the progress of the reading."""

    #: ``"caught up"``: all following messages are new.
    #: ``"began anew"``: the server has other streams than before.
    #: ``"no stream"``: the server has no streams of the instance.  No service has made them yet.
    #: ``"no JetStream"``: the server keeps no messages at all.
    what: str
    #: The last values, when the reader has caught up for the first time.  They come together, so
    #: that no reader acts on a part of them.
    values: tuple[Arrived, ...] = ()


def arrived_from(message: Msg, is_last_value: bool = False) -> Arrived:
    """Return a message of nats-py with its headers read."""
    headers = message.headers or {}
    return Arrived(
        message.subject,
        message.data,
        headers.get(SOURCE, ""),
        number_in(headers, SEQUENCE),
        number_in(headers, RECEIVED),
        is_last_value,
    )
