"""Extras: optional packages that a program needs."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import M2ComError

__all__ = ["MissingExtraError", "extra"]


class MissingExtraError(M2ComError, ImportError):
    """An extra of the package is not installed."""


@contextmanager
def extra(name: str, user: str) -> Iterator[None]:
    """Return a context manager for importing the packages of an extra.

    Parameters
    ----------
    name
        The extra.
    user
        The part of the program that needs it, for the message.

    Raises
    ------
    MissingExtraError
        If a package is missing.  The error contains the command that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{user} needs the extra {name!r} of m2com_twisted ({error.name} is missing): "
            f"pip install 'm2com_twisted[{name}]'"
        ) from error
