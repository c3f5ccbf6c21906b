"""Messages as rows of a table."""

from collections.abc import Iterator

from ..wire.codec import Message

__all__ = ["Scalar", "flatten"]

Scalar = float | int | str | bool | None


def flatten(message: Message) -> Iterator[tuple[str, Scalar]]:
    """Yield the values of a message with the names of their columns.

    A value in a list is named ``name[0]``, a value in an object ``name.key``.  The id is omitted,
    because it is the same for all messages of a channel.
    """
    for name, value in message.items():
        if name != "id":
            yield from _values(name, value)


def _values(name: str, value: object) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _values(f"{name}[{index}]", inner)
    elif value is None or isinstance(value, float | int | str | bool):
        yield name, value
