"""What kind of function a callable is, however it is wrapped."""

import inspect
from collections.abc import Callable
from functools import partial

__all__ = ["is_coroutine_function", "is_generator_function"]


def is_coroutine_function(function: Callable[..., object]) -> bool:
    """Whether a call returns a coroutine and runs nothing yet."""
    return inspect.iscoroutinefunction(_innermost(function))


def is_generator_function(function: Callable[..., object]) -> bool:
    """Whether a call returns a generator, asynchronous or not, and runs nothing yet."""
    inner = _innermost(function)
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


def _innermost(function: object) -> object:
    """Return the function that a call ends up in.

    Parameters
    ----------
    function
        A function, a method, a `functools.partial` of one, or an object with a
        ``__call__`` of its own.

    Notes
    -----
    ``__wrapped__`` is not followed: what a decorator returns may be of another
    kind than what it was given.  `inlineCallbacks` turns a generator function
    into a plain one.
    """
    while isinstance(function, partial):
        function = function.func
    if not (inspect.isroutine(function) or inspect.isclass(function)):
        # The name is looked up to see what it is, not whether it is there.
        method = getattr(type(function), "__call__", None)  # noqa: B004
        if inspect.isfunction(method):
            return method
    return function
