"""Sizes, durations and times as people write them on a command line."""

import re
from datetime import datetime, timezone

__all__ = ["duration", "is_size", "moment", "shown_duration", "shown_size", "size"]

# In SI units, as for disks, systemd and df --si.
_SIZES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

_DURATIONS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def is_size(text: str) -> bool:
    """Return whether a text has a unit of size."""
    found = _QUANTITY.fullmatch(text)
    return found is not None and found[2] in _SIZES


def size(text: str) -> int:
    """Return the bytes of a size such as ``100GB``.

    Raises
    ------
    ValueError
        If the text is invalid.
    """
    return round(_quantity(text, _SIZES, "a size"))


def duration(text: str) -> float:
    """Return the seconds of a duration such as ``30d``.

    Raises
    ------
    ValueError
        If the text is invalid.
    """
    return _quantity(text, _DURATIONS, "a duration")


def shown_size(count: float) -> str:
    """Return a number of bytes in the form that `size` takes."""
    unit = next((name for name, one in reversed(_SIZES.items()) if count >= one), "kB")
    # Ten digits are enough for the sizes that people give.
    return f"{count / _SIZES[unit]:.10g}{unit}"


def shown_duration(seconds: float) -> str:
    """Return seconds in the form that `duration` takes, in the largest unit that gives a number."""
    units = ("d", "h", "min")
    unit = next((name for name in units if seconds and seconds % _DURATIONS[name] == 0), "s")
    return f"{seconds / _DURATIONS[unit]:.10g}{unit}"


def moment(text: str) -> datetime:
    """Return the time for a text such as ``2026-01-31T04:00`` or ``2026-01-31 04:00:00Z``, in UTC.

    Raises
    ------
    ValueError
        If the text is invalid.
    """
    try:
        # Python 3.10 does not accept the Z.
        found = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text.strip()))
    except ValueError:
        raise ValueError(f"a time is written as 2026-01-31T04:00:00, not {text!r}") from None
    return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found


def _quantity(text: str, units: dict[str, float] | dict[str, int], what: str) -> float:
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[2] not in units or not float(found[1]) > 0:
        raise ValueError(f"{what} is a number greater than 0 with {', '.join(units)}, not {text!r}")
    return float(found[1]) * units[found[2]]
