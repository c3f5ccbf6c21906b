"""Where the asyncio client may be used, and what it says where not."""

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from m2com_twisted import MsgType, TcpClient, aio
from tests.support.aio_bench import Bench, in_asyncio
from tests.support.asyncio_reactor import AsyncioReactor

EXAMPLE = Path(__file__).parents[2] / "examples" / "asyncio_service.py"


@in_asyncio
async def test_outside_of_a_task(bench: Bench) -> None:
    """Awaited by a Twisted coroutine, every method says what it needs, and does nothing."""
    client = bench.client()
    calls: list[Coroutine[Any, Any, object]] = [
        client.connect(),
        client.close(),
        client.write_message(MsgType.Command, "power"),
        client.run_command("power"),
    ]
    failures: list[Failure] = []

    def begin() -> None:
        for call in calls:
            Deferred.fromCoroutine(call).addErrback(failures.append)

    # On the right loop, but not in this task.
    asyncio.get_running_loop().call_soon(begin)
    await asyncio.sleep(0)
    assert len(failures) == len(calls)
    for failure in failures:
        assert failure.check(RuntimeError)
        assert "in an asyncio task on the reactor's loop" in str(failure.value)
    assert not client.should_be_connected


def test_another_loop(asyncio_reactor: AsyncioReactor) -> None:
    """On a loop that is not the reactor's, each method raises an error that says so."""
    client = aio.TcpClient("127.0.0.1", 1, print, reactor=asyncio_reactor.reactor)
    with ThreadPoolExecutor() as threads:
        connecting = threads.submit(lambda: asyncio.run(client.connect()))
        with pytest.raises(RuntimeError, match=r"aio\.TcpClient\.connect .* on another loop"):
            connecting.result()


def test_another_reactor() -> None:
    """On a reactor that is not asyncio's, the error says so and names the reactor."""
    client = aio.TcpClient("127.0.0.1", 1, print, reactor=Clock())
    with ThreadPoolExecutor() as threads:
        closing = threads.submit(lambda: asyncio.run(client.close()))
        with pytest.raises(RuntimeError, match=r"asyncio reactor, but this one is <.*Clock"):
            closing.result()


def test_no_reactor() -> None:
    """No reactor is installed when a client is imported, made or used."""
    program = """
import asyncio, sys
from m2com_twisted.aio import TcpClient

client = TcpClient("127.0.0.1", 1, print)
try:
    asyncio.run(client.connect())
except RuntimeError as error:
    print(error)
print("twisted.internet.reactor" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.splitlines() == [
        "aio.TcpClient.connect needs Twisted's asyncio reactor, but none is installed: "
        "call twisted.internet.asyncioreactor.install before all else.",
        "False",
    ]


def parameters(function: Any) -> list[tuple[object, ...]]:
    """Return what a caller sees of a function; defaults that are functions by their names."""
    return [
        (one.name, one.kind, getattr(one.default, "__qualname__", one.default))
        for one in inspect.signature(function).parameters.values()
    ]


def public_names(owner: type) -> set[str]:
    """Return the names of the methods and properties that users see."""
    return {name for name in dir(owner) if not name.startswith("_")}


def test_same_constructor() -> None:
    """The constructor, and every public method, is that of the Twisted client."""
    for name in ("__init__", "connect", "start", "close", "write_message", "run_command"):
        ours, theirs = (parameters(getattr(cls, name)) for cls in (aio.TcpClient, TcpClient))
        assert ours == theirs
    assert public_names(aio.TcpClient) == public_names(TcpClient)


def test_example() -> None:
    """The example runs, and reports the mirror and its power."""
    run = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env={**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stderr == ""
    assert "power: PoweredOn" in run.stdout
    assert run.stdout.splitlines()[-1] == "closed"
