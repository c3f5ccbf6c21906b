"""Finds out what kind of function a callable is, also behind wrappers."""

import inspect
from collections.abc import Callable
from functools import partial

__all__ = [
    "is_coroutine_function",
    "is_generator_function",
    "require_callback",
    "require_plain_function",
]


def is_coroutine_function(function: Callable[..., object]) -> bool:
    """Return whether a call only returns a coroutine, and does not run the body yet."""
    return inspect.iscoroutinefunction(_innermost(function))


def is_generator_function(function: Callable[..., object]) -> bool:
    """Return whether a call only returns a generator, asynchronous or not."""
    inner = _innermost(function)
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


def require_callback(function: object) -> None:
    """Raise an error if an object cannot be a callback whose result is awaited.

    Raises
    ------
    TypeError
        If it is not callable, or if it is a generator function.  A call of a
        generator function without `inlineCallbacks` does nothing and reports
        nothing.
    """
    if not callable(function):
        raise TypeError(f"The callback {function!r} is not callable.")
    if is_generator_function(function):
        raise TypeError(f"The callback {function!r} is a generator function.")


def require_plain_function(function: object) -> None:
    """Raise an error if an object cannot be a callback whose result is not awaited.

    Raises
    ------
    TypeError
        As `require_callback`.  Also if it is a coroutine function, because its body
        would never run.
    """
    require_callback(function)
    if callable(function) and is_coroutine_function(function):
        raise TypeError(
            f"The callback {function!r} is a coroutine function; a plain one is needed."
        )


def _innermost(function: object) -> object:
    """Return the function whose body runs when an object is called.

    Parameters
    ----------
    function
        A function, a method, a `functools.partial`, or an object with a
        ``__call__`` of its own.  These may be nested.

    Notes
    -----
    ``__wrapped__`` is not followed, because a decorator may return another kind of
    function than it was given.  For example, `inlineCallbacks` turns a generator
    function into a plain one.
    """
    while True:
        if isinstance(function, partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        elif inspect.isroutine(function) or inspect.isclass(function):
            return function
        else:
            call = inspect.getattr_static(type(function), "__call__", None)
            if not inspect.isfunction(call):
                return function
            function = call
