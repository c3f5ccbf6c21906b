"""Errors of other packages, in a form that can be copied."""

import copy

from ..errors import substitute_for

__all__ = ["copyable"]


def copyable(error: BaseException) -> BaseException:
    """Return an error that can be copied and says the same.

    An error of another package may hold any object, such as a lock.  Then
    `copy.deepcopy` and `dataclasses.asdict` raise.

    Returns
    -------
    error
        The error itself if `copy.deepcopy` can copy it.  Otherwise an `M2ComError`
        with its type and text, and the error as ``__cause__``.
    """
    try:
        copy.deepcopy(error)
    except Exception:
        substitute = substitute_for(error)
        substitute.__cause__ = error
        return substitute
    return error
