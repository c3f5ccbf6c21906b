"""The fixtures every test runs under do catch a test that leaves something behind.

Each example is a test that pytest runs in a process of its own, since it must
fail there.
"""

import re

import pytest

from tests.support.inner_pytest import run_pytest

EXAMPLES = """
import gc
import socket

import pytest
import pytest_twisted
from hypothesis import given, strategies
from twisted.internet import abstract, defer, endpoints, protocol, reactor, task
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase


def listen():
    factory = protocol.Factory.forProtocol(protocol.Protocol)
    return reactor.listenTCP(0, factory, interface="127.0.0.1")


def test_leaves_a_delayed_call():
    reactor.callLater(60, int)


def test_is_not_blamed_for_the_call_of_another():
    pass


def test_leaves_a_reader():
    listen()


def test_leaves_a_writer():
    ends = socket.socketpair()
    class Writer(abstract.FileDescriptor):
        def fileno(self):
            return ends[0].fileno()
        def doWrite(self):
            pass
        def connectionLost(self, reason):
            for end in ends:
                end.close()
    Writer(reactor).startWriting()


@pytest_twisted.ensureDeferred
async def test_leaves_a_connection():
    port = listen()
    client = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    await endpoints.connectProtocol(client, protocol.Protocol())
    await port.stopListening()


def test_leaves_a_failed_deferred():
    defer.fail(ZeroDivisionError("dropped"))


def test_leaves_a_failed_deferred_in_a_cycle():
    failed = defer.fail(ZeroDivisionError("dropped"))
    failed.cycle = failed


@pytest_twisted.ensureDeferred
async def test_leaves_a_failed_coroutine():
    async def fail():
        raise ZeroDivisionError("dropped")
    defer.Deferred.fromCoroutine(fail())


def test_leaves_a_logged_error():
    Logger().failure("something is wrong", Failure(ZeroDivisionError()))


@pytest_twisted.ensureDeferred
async def test_leaves_an_error_of_a_delayed_call():
    reactor.callLater(0, lambda: 1 / 0)
    await task.deferLater(reactor, 0)


class TrialTests(SynchronousTestCase):
    def test_leaves_a_failed_deferred_to_trial(self):
        failed = defer.fail(ZeroDivisionError("dropped"))
        failed.cycle = failed

    def test_leaves_a_delayed_call_to_trial(self):
        reactor.callLater(60, int)

    def test_clean_after_flushing_in_trial(self):
        defer.fail(ZeroDivisionError("expected"))
        gc.collect()
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1


@pytest_twisted.async_yield_fixture
async def port():
    port = listen()
    yield port
    await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_clean_after_its_fixtures_are(port):
    await task.deferLater(reactor, 0)


@pytest_twisted.ensureDeferred
async def test_clean_after_resolving_a_name(port):
    client = endpoints.HostnameEndpoint(reactor, "localhost", port.getHost().port)
    lost = defer.Deferred()
    class Client(protocol.Protocol):
        def connectionLost(self, reason):
            lost.callback(None)
    connected = await endpoints.connectProtocol(client, Client())
    connected.transport.loseConnection()
    await lost


def test_clean_with_a_call_that_is_due():
    reactor.callLater(0, int)


def test_clean_after_flushing(logged_errors):
    defer.fail(ZeroDivisionError("expected"))
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def test_leaves_an_error_of_another_type(logged_errors):
    defer.fail(ZeroDivisionError("unexpected"))
    assert logged_errors.flush(KeyError) == []


@given(strategies.integers())
def test_clean_with_hypothesis(number):
    pass


@given(strategies.just(60))
def test_leaves_a_delayed_call_to_hypothesis(seconds):
    reactor.callLater(seconds, int)
"""


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Run the examples and return what pytest's summary says of each."""
    path = tmp_path_factory.mktemp("examples") / "test_examples.py"
    reactor = f"--reactor={request.config.getoption('reactor')}"
    output = run_pytest(path, EXAMPLES, "-Werror", "-ptests.conftest", reactor)
    # What passed comes first in the summary, so an error on leaving the test overwrites that.
    lines = re.findall(r"^((?:PASSED|FAILED|ERROR) \S+::(\w+).*)$", output, re.MULTILINE)
    return {name: line for line, name in lines}


@pytest.mark.parametrize("name", re.findall(r"def (test_leaves_\w+)", EXAMPLES))
def test_what_is_left_behind_fails_the_test(outcomes: dict[str, str], name: str) -> None:
    """A test that leaves something behind fails, though all it asserts holds."""
    assert re.fullmatch("ERROR .* - .*The test left.*", outcomes.get(name, "not run"))


@pytest.mark.parametrize("name", re.findall(r"def (test_(?:clean|is)_\w+)", EXAMPLES))
def test_what_cleans_up_passes(outcomes: dict[str, str], name: str) -> None:
    """A test that leaves nothing behind passes, and is not blamed for another."""
    assert outcomes.get(name, "not run").startswith("PASSED ")
