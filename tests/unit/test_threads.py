"""Calls from a thread that is not the reactor's are refused."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from m2com_twisted import MsgType, TcpClient
from tests.support.coroutines import error_of
from tests.support.fake_endpoint import Fixture


def set_timeout(client: TcpClient) -> None:
    """Set the read timeout."""
    client.timeout = 5


CALLS: dict[str, Callable[[TcpClient], Any]] = {
    "connect": lambda client: client.connect(),
    "start": lambda client: client.start(),
    "close": lambda client: client.close(),
    "write_message": lambda client: client.write_message(MsgType.Command, "power"),
    "run_command": lambda client: client.run_command("power"),
    "timeout": set_timeout,
}


@pytest.mark.parametrize("name", CALLS)
def test_another_thread_is_refused(name: str) -> None:
    """A call from another thread raises RuntimeError with the remedy, and changes nothing."""
    fixture = Fixture()
    fixture.connect()
    errors: list[BaseException] = []

    def call() -> None:
        try:
            result = CALLS[name](fixture.client)
            if result is not None:
                raise error_of(result)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    [error] = errors
    assert type(error) is RuntimeError
    assert f"TcpClient.{name}" in str(error)
    assert "callFromThread" in str(error)
    assert fixture.client.connected
    assert fixture.client.timeout is None
    assert fixture.sent() == b""
