"""Makes text from outside safe to print on a terminal."""

import json

__all__ = ["printable", "printable_lines", "short_repr"]


def printable(text: str) -> str:
    r"""Return text in which every character that a terminal does not print is escaped.

    The controller, or whoever holds its port, chooses much of what the
    programs show.  An escape sequence could clear the screen or retitle the
    window, a line break could fake a line of the log, and a change of writing
    direction could reorder what stands beside it.

    Escapes are those of JSON, such as ``\u001b`` and ``\n``, so a line of JSON
    keeps its meaning.  Space is the only separator that remains.
    """
    # The usual case, in one quick test.
    return text if text.isprintable() else "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """Return text of several lines, such as a traceback, with each line made printable.

    The lines after the first are indented, so none of them can pass for a line
    of the log.
    """
    return "\n    ".join(map(printable, text.rstrip("\n").split("\n")))


def short_repr(value: object, length: int = 60) -> str:
    """Return the repr of a value on one line.  If it is long, return only the beginning.

    This never raises.  Python itself cannot write a whole number of more than 4300 digits, nor
    lists that are nested too deeply.

    Parameters
    ----------
    value
        The value.
    length
        The greatest number of characters.
    """
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"<{type(value).__name__} that cannot be shown>"
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    # JSON itself leaves DEL as it is.
    return r"\u007f" if character == "\x7f" else json.dumps(character)[1:-1]
