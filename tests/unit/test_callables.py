"""What may be passed in as a callback."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from m2com_twisted import TcpClient, aio
from m2com_twisted.support.callables import require_callback, require_plain_function


def generator_function(message: object = None) -> Iterator[int]:
    """Lack inlineCallbacks."""
    yield 1


async def asynchronous_generator(message: object = None) -> AsyncIterator[int]:
    """Yield where nothing is awaited."""
    yield 1


async def coroutine_function(message: object = None) -> None:
    """Be fine where something is awaited."""


def plain_function(message: object = None) -> None:
    """Be fine everywhere."""


class Called:
    """An object that can be called, and has a method."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, message: object = None) -> Iterator[int]:
        """Be a generator function."""
        yield 1

    def method(self, message: object = None) -> Iterator[int]:
        """Be a generator function, too."""
        yield 1

    @classmethod
    def of_class(cls, message: object = None) -> Iterator[int]:
        """Be another one."""
        yield 1

    @staticmethod
    def static(message: object = None) -> Iterator[int]:
        """Be the last one."""
        yield 1


class Asynchronous:
    """An object whose call is a coroutine function."""

    async def __call__(self, message: object = None) -> None:
        """Be fine where something is awaited."""


GENERATORS: list[Any] = [
    generator_function,
    asynchronous_generator,
    partial(generator_function),
    partial(partial(generator_function), message=1),
    Called(print),
    partial(Called(print)),
    Called(print).method,
    partial(Called(print).method),
    Called.of_class,
    Called(print).static,
]


@pytest.mark.parametrize("function", GENERATORS)
def test_generator_functions_are_refused(function: Any) -> None:
    """Generator functions are refused, also behind wrappers."""
    for refuse in (require_callback, require_plain_function):
        with pytest.raises(TypeError, match="is a generator function"):
            refuse(function)


@pytest.mark.parametrize("function", [None, 3, "function", object()])
def test_what_cannot_be_called_is_refused(function: object) -> None:
    """An object that cannot be called is refused when the client is made."""
    with pytest.raises(TypeError, match="is not callable"):
        require_callback(function)


@pytest.mark.parametrize(
    "function",
    [coroutine_function, partial(coroutine_function), Asynchronous(), partial(Asynchronous())],
)
def test_coroutine_functions_are_refused_where_nothing_is_awaited(function: Any) -> None:
    """Coroutine functions are refused where nothing awaits them, and only there."""
    require_callback(function)
    with pytest.raises(TypeError, match="is a coroutine function"):
        require_plain_function(function)


@pytest.mark.parametrize(
    "function",
    [plain_function, partial(plain_function), print, dict, [].append, lambda message: None],
)
def test_plain_functions_are_taken_everywhere(function: Any) -> None:
    """Functions, builtins, classes and lambdas are taken everywhere."""
    require_callback(function)
    require_plain_function(function)


def test_functions_of_inline_callbacks_are_taken() -> None:
    """Functions of inlineCallbacks are taken, though they wrap a generator function."""

    @inlineCallbacks
    def function(message: object) -> Generator[Deferred[None], object, None]:
        yield succeed(None)

    require_callback(function)


@pytest.mark.parametrize("function", GENERATORS)
@pytest.mark.parametrize("role", ["callback_process_message", "connect_callback"])
def test_a_client_refuses_them(function: Any, role: str) -> None:
    """A client refuses generator functions for both of its callbacks when it is made."""
    callbacks = {"callback_process_message": plain_function, role: function}
    with pytest.raises(TypeError, match="is a generator function"):
        TcpClient("m2.example", 50000, **callbacks)


@pytest.mark.parametrize("function", GENERATORS)
@pytest.mark.parametrize("role", ["callback_process_message", "connect_callback"])
def test_the_asyncio_client_refuses_them(function: Any, role: str) -> None:
    """The asyncio client refuses the same callbacks as the Twisted one."""
    callbacks = {"callback_process_message": plain_function, role: function}
    with pytest.raises(TypeError, match="is a generator function"):
        aio.TcpClient("m2.example", 50000, **callbacks)
