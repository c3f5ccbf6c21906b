"""The interface that users of the asyncio original know, held literally."""

import inspect
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

import m2com_twisted
from m2com_twisted import MsgType, TcpClient
from tests.support.coroutines import result_of, start
from tests.support.fake_endpoint import Fixture, close

PARAMETER = inspect.Parameter


def _parameters(function: Callable[..., object]) -> list[tuple[str, Any, Any]]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default) for p in parameters if p.name != "self"]


POSITIONAL = PARAMETER.POSITIONAL_OR_KEYWORD
REQUIRED = PARAMETER.empty


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (
            TcpClient,
            [
                ("host", POSITIONAL, REQUIRED),
                ("port", POSITIONAL, REQUIRED),
                ("callback_process_message", POSITIONAL, REQUIRED),
                ("args", PARAMETER.VAR_POSITIONAL, REQUIRED),
                ("log", PARAMETER.KEYWORD_ONLY, None),
                ("sequence_generator", PARAMETER.KEYWORD_ONLY, None),
                ("name", PARAMETER.KEYWORD_ONLY, "tcp-client"),
                ("check_message_rate", PARAMETER.KEYWORD_ONLY, False),
            ],
        ),
        (TcpClient.connect, [("timeout", POSITIONAL, 10.0)]),
        (TcpClient.close, []),
        (
            TcpClient.write_message,
            [
                ("msg_type", POSITIONAL, REQUIRED),
                ("msg_name", POSITIONAL, REQUIRED),
                ("msg_details", POSITIONAL, None),
                ("comp_name", POSITIONAL, None),
            ],
        ),
    ],
    ids=["TcpClient", "connect", "close", "write_message"],
)
def test_signatures_are_those_of_the_reference(
    function: Callable[..., object], expected: list[tuple[str, Any, Any]]
) -> None:
    """Names, order and defaults of parameters are the reference's; others are keywords."""
    parameters = _parameters(function)
    assert parameters[: len(expected)] == expected
    for _, kind, default in parameters[len(expected) :]:
        assert kind is PARAMETER.KEYWORD_ONLY
        assert default is not REQUIRED


@pytest.mark.parametrize("name", ["connect", "close", "write_message", "run_command"])
def test_public_methods_are_coroutine_functions(name: str) -> None:
    """Each method that has to be awaited is an `async def`."""
    assert inspect.iscoroutinefunction(getattr(TcpClient, name))


def test_message_types_have_the_values_of_the_original() -> None:
    """Command, Event and Telemetry are 1, 2 and 3."""
    assert [(member.name, int(member)) for member in MsgType] == [
        ("Command", 1),
        ("Event", 2),
        ("Telemetry", 3),
    ]


def test_a_new_client() -> None:
    """A client is made without a reactor, and its attributes are as the reference says."""
    client = TcpClient("m2.example", 50000, print)
    assert (client.host, client.port, client.name) == ("m2.example", 50000, "tcp-client")
    assert client.last_sequence_id == -1
    assert client.timeout is None
    assert not client.connected
    assert not client.should_be_connected
    assert isinstance(client.log, logging.Logger)
    assert client.stats.messages == 0


class CellClient(TcpClient):
    """A user's subclass."""


def test_the_logger_is_named_after_the_class() -> None:
    """Without a logger the client takes that of its class's name, else a child of the given one."""
    assert TcpClient("m2", 1, print).log is logging.getLogger("TcpClient")
    assert CellClient("m2", 1, print).log is logging.getLogger("CellClient")
    users = logging.getLogger("csc")
    assert CellClient("m2", 1, print, log=users).log is logging.getLogger("csc.CellClient")


@pytest.mark.parametrize("name", ["MTM2 command", "50% of %s"])
def test_every_log_line_carries_the_name(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The lines of several clients in one log can be told apart."""
    caplog.set_level(logging.DEBUG)
    fixture = Fixture(name=name, check_message_rate=True)
    attempt = fixture.connect()
    attempt.receive(b"nonsense\r\n")
    fixture.clock.advance(2)
    close(fixture, attempt)
    assert len(caplog.records) >= 4
    assert all(text.startswith(name.replace("%", "") + ": ") for text in caplog.messages)


def test_it_should_be_connected_from_connect_until_close() -> None:
    """`should_be_connected` is true while connecting, connected and lost, until `close`."""
    fixture = Fixture()
    client = fixture.client
    start(client.connect())
    assert (client.should_be_connected, client.connected) == (True, False)
    attempt = fixture.endpoint.last.accept()
    assert (client.should_be_connected, client.connected) == (True, True)
    attempt.lose()
    assert (client.should_be_connected, client.connected) == (True, False)
    result_of(client.close())
    assert (client.should_be_connected, client.connected) == (False, False)


@pytest.mark.parametrize("fails", [False, True])
def test_async_with_connects_and_closes(fails: bool) -> None:
    """`async with` connects on entry and closes on exit, also after an exception."""

    async def use() -> None:
        async with fixture.client as client:
            assert client is fixture.client
            assert client.connected
            await done
            if fails:
                raise KeyError("the user's")

    fixture = Fixture()
    done: Deferred[None] = Deferred()
    using = start(use())
    attempt = fixture.endpoint.last.accept()
    done.callback(None)
    assert attempt.transport.disconnecting
    assert not using.called
    attempt.lose()
    outcome: list[Any] = []
    using.addBoth(outcome.append)
    assert (outcome[0].type if fails else outcome[0]) is (KeyError if fails else None)
    assert not fixture.client.connected


def test_everything_that_is_exported_exists() -> None:
    """`__all__` is sorted and names what the package has; errors are among it."""
    assert sorted(m2com_twisted.__all__) == m2com_twisted.__all__
    assert all(hasattr(m2com_twisted, name) for name in m2com_twisted.__all__)


def _imported_by(statement: str) -> list[str]:
    """Return the modules that a fresh interpreter has imported after a statement."""
    program = f"{statement}; import sys; print(*sys.modules)"
    root = Path(m2com_twisted.__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True
    )
    assert run.stderr == ""
    return run.stdout.split()


def test_importing_the_package_imports_no_reactor_and_no_tools() -> None:
    """A plain import leaves the choice of a reactor open, and brings no simulator and no tests."""
    imported = _imported_by("import m2com_twisted")
    assert "twisted.internet.reactor" not in imported
    assert [name for name in imported if name.startswith("m2com_twisted.simulator")] == []
    unwanted = {"m2com_twisted.programs", "m2com_twisted.testing"}
    unwanted |= {"pytest", "unittest", "twisted.trial", "tests", "argparse"}
    assert unwanted.isdisjoint(imported)


def test_no_module_imports_the_reactor() -> None:
    """No module of the package installs a reactor when it is imported."""
    package = Path(m2com_twisted.__file__).parent
    names = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    ]
    assert len(names) > 20
    assert "twisted.internet.reactor" not in _imported_by(f"import {', '.join(names)}")


def test_making_a_client_imports_no_reactor() -> None:
    """A client may be made before the application has chosen its reactor."""
    statement = "import m2com_twisted; m2com_twisted.TcpClient('m2', 1, print).stats"
    assert "twisted.internet.reactor" not in _imported_by(statement)
