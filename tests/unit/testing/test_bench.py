"""The judgement at a test's end, and what a bench in memory offers."""

import logging
import logging.config
import unittest
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks

import m2com_twisted
from m2com_twisted import ConnectTimeoutError, TcpClient
from m2com_twisted.simulator import STRICT
from m2com_twisted.testing import MemoryBench, MemoryTestCase, MessageLog, VirtualClock
from m2com_twisted.testing.error_log import ErrorLog

POWER_ON = {"powerType": 2, "status": True}


@pytest.fixture
def bench() -> Iterator[MemoryBench]:
    """Yield a bench that is started; the test stops it."""
    bench = MemoryBench()
    bench.run(bench.start())
    yield bench
    assert not bench.clock.getDelayedCalls()


def stop(bench: MemoryBench) -> str:
    """Stop a bench and return what it finds."""
    try:
        bench.run(bench.stop())
    except AssertionError as error:
        return str(error)
    return ""


def test_clean(bench: MemoryBench) -> None:
    """A bench on which all went well stops without a word."""
    assert bench.commands.connected
    assert bench.telemetry.connected
    assert bench.run(bench.commands.run_command("power", POWER_ON)).latency == 0
    assert stop(bench) == ""
    assert not bench.commands.connected


def test_callback_error(bench: MemoryBench) -> None:
    """A callback that raises fails the test, with its traceback."""
    bench.run(bench.commands.close())
    bench.run(bench.client("command", lambda message: 1 / 0).connect())
    bench.advance(0)
    problem = stop(bench)
    assert "An error was logged: " in problem
    assert "ZeroDivisionError" in problem
    assert "lambda message: 1 / 0" in problem


def test_flushed_error(bench: MemoryBench) -> None:
    """An error that the test expects and flushes does not fail it; another one does."""
    bench.run(bench.commands.close())

    def callback(message: dict[str, Any]) -> None:
        if message["id"] == "tcpIpConnected":
            raise ZeroDivisionError
        if message["id"] == "hardpointList":
            raise KeyError("another")

    bench.run(bench.client("command", callback).connect())
    bench.advance(0)
    assert len(bench.flush_errors(ZeroDivisionError)) == 1
    assert bench.flush_errors(ZeroDivisionError) == []
    problem = stop(bench)
    assert "ZeroDivisionError" not in problem
    assert "KeyError: 'another'" in problem


def test_flush_of_all_errors(bench: MemoryBench) -> None:
    """Without a type, all errors are flushed."""
    bench.run(bench.commands.close())
    bench.run(bench.client("command", lambda message: 1 / 0).connect())
    bench.advance(0)
    assert len(bench.flush_errors()) >= 99
    assert stop(bench) == ""


def test_many_errors(bench: MemoryBench) -> None:
    """If many errors are logged, a few are shown and the rest are counted."""
    bench.run(bench.commands.close())
    bench.run(bench.client("command", lambda message: 1 / 0).connect())
    bench.advance(0)
    problem = stop(bench)
    assert problem.count("An error was logged: ") == 3
    assert problem.endswith("\n96 more were logged.")


def fail_a_callback(bench: MemoryBench) -> None:
    """Have a callback fail on every message of the welcome, and close its client."""
    bench.run(bench.commands.close())
    client = bench.client("command", lambda message: 1 / 0)
    bench.run(client.connect())
    bench.advance(0)
    bench.run(client.close())


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Undo what a test does to logging."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield
    logging.disable(logging.NOTSET)
    root.handlers[:], root.level = before
    logging.getLogger("TcpClient").propagate = True
    logging.getLogger("TcpClient").setLevel(logging.NOTSET)
    for name in logging.Logger.manager.loggerDict:
        logging.getLogger(name).disabled = False


@pytest.mark.parametrize(
    "hide",
    [
        lambda: logging.disable(logging.CRITICAL),
        lambda: logging.config.dictConfig({"version": 1, "disable_existing_loggers": True}),
        lambda: logging.getLogger().handlers.clear(),
        lambda: setattr(logging.getLogger("TcpClient"), "propagate", False),
        lambda: logging.getLogger("TcpClient").setLevel(logging.CRITICAL + 1),
    ],
)
def test_failing_callback_without_a_log(
    bench: MemoryBench, hide: Callable[[], object], restored_logging: None
) -> None:
    """A failing callback fails the test also where logging was disabled or set up anew."""
    hide()
    fail_a_callback(bench)
    assert stop(bench) == "99 errors of callbacks did not reach the log."


def test_flush_of_errors_without_a_log(bench: MemoryBench, restored_logging: None) -> None:
    """A flush of all takes these as well; what fails after it fails the test."""
    logging.disable(logging.CRITICAL)
    fail_a_callback(bench)
    assert bench.flush_errors() == []
    fail_a_callback(bench)
    assert stop(bench) == "99 errors of callbacks did not reach the log."


def test_error_that_cannot_be_shown(bench: MemoryBench) -> None:
    """A record whose arguments do not fit is a problem all the same, and harms nobody."""
    here = str(Path(m2com_twisted.__file__).parent / "somewhere.py")
    hand_to_error_log(log_record(here, "%d of it", "x"))
    assert stop(bench) == "An error was logged: '%d of it'"


def test_record_of_nowhere(bench: MemoryBench, capsys: pytest.CaptureFixture[str]) -> None:
    """A record without a place is nobody's error, and raises nothing where it is logged."""
    record = log_record("", "wrong")
    hand_to_error_log(record)
    record.pathname = None  # type: ignore[assignment]  # as a careless makeRecord leaves it
    hand_to_error_log(record)
    assert stop(bench) == ""
    assert "Logging error" in capsys.readouterr().err


def log_record(path: str, text: str, *arguments: object) -> logging.LogRecord:
    """Return the record of an error."""
    return logging.LogRecord("TcpClient", logging.ERROR, path, 1, text, arguments, None)


def hand_to_error_log(record: logging.LogRecord) -> None:
    """Have the bench's handler alone take a record: those of pytest raise."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, ErrorLog):
            handler.handle(record)


def test_errors_of_others(bench: MemoryBench) -> None:
    """An error that somebody else logs is not the bench's business."""
    logging.getLogger("somebody.else").error("wrong")
    assert stop(bench) == ""


def test_client_left_running(bench: MemoryBench) -> None:
    """A client that the test forgot to close fails it."""
    bench.run(bench.commands.close())
    forgotten = TcpClient("memory", 0, dict, reactor=bench.clock, endpoint=bench.ports["command"])
    forgotten.start()
    bench.advance(0)
    problem = stop(bench)
    assert problem.startswith("Left running: ")
    assert "_retry_due" in problem
    bench.run(forgotten.close())


def test_client_left_connecting(bench: MemoryBench) -> None:
    """A client that waits for an answer that never comes fails it, though nothing shows it."""
    bench.run(bench.commands.close())
    bench.ports["command"].answer = "nothing"
    forgotten = TcpClient("memory", 0, dict, reactor=bench.clock, endpoint=bench.ports["command"])
    forgotten.start()
    assert stop(bench) == "Left running: an attempt to connect to the port 'command'"
    bench.run(forgotten.close())
    assert bench.ports["command"].unanswered == []


def test_profile_and_seed() -> None:
    """The simulator goes by the profile and the seed it is given."""
    benches = [MemoryBench(profile=STRICT, seed=seed) for seed in (7, 7, 8)]
    seen = []
    for bench in benches:
        bench.run(bench.start())
        assert bench.controller.profile is STRICT
        seen.append(bench.run(bench.measurements.wait_for("displacementSensors")))
        assert stop(bench) == ""
    assert seen[0] == seen[1]


def test_each_run_is_the_same() -> None:
    """With the same seed a lost connection is back at the same time in each run."""
    back: list[float] = []
    for seed in (1, 1, 2):
        bench = MemoryBench(seed=seed)
        bench.run(bench.start())
        bench.events.skip()
        bench.controller.inject("reset")
        bench.run(bench.events.wait_for("tcpIpConnected"))
        back.append(bench.clock.seconds())
        assert stop(bench) == ""
    assert back[0] == back[1] != back[2]


def test_one_call_advances_both(bench: MemoryBench) -> None:
    """One call advances the simulator's telemetry and the client's timeouts together."""
    bench.telemetry.timeout = 1.0
    bench.advance(10)
    # Three topics at 20 Hz while the motors are off, and at no time silent for a second.
    assert bench.telemetry.stats.messages == 10 * 20 * 3
    assert bench.telemetry.stats.connects == 1
    assert stop(bench) == ""


def test_port_that_gives_no_answer(bench: MemoryBench) -> None:
    """A port may be cut off, for attempts to come."""
    bench.run(bench.commands.close())
    bench.ports["command"].answer = "nothing"
    with pytest.raises(ConnectTimeoutError):
        bench.run(bench.commands.connect(timeout=3))
    assert bench.clock.seconds() == 3
    assert bench.ports["command"].attempts == 2
    assert stop(bench) == ""


def test_rebooted_controller(bench: MemoryBench) -> None:
    """A rebooted controller has closed both ports and takes nobody, until it is started again."""
    bench.run(bench.commands.run_command("rebootController"))
    bench.advance(0.6)
    assert not bench.commands.connected
    assert not bench.telemetry.connected
    for port in ("command", "telemetry"):
        with pytest.raises(ConnectionRefusedError):
            bench.run(bench.client(port).connect())
    bench.advance(300)
    bench.run(bench.start_controller())
    bench.advance(31)  # one more than the longest delay between two attempts
    assert bench.commands.connected
    assert bench.telemetry.connected
    assert stop(bench) == ""


def test_start_that_fails() -> None:
    """A bench whose clients cannot connect raises that, and leaves nothing running."""
    handlers = list(logging.getLogger().handlers)
    bench = MemoryBench()
    bench.ports["telemetry"].answer = "refuse"
    with pytest.raises(ConnectionRefusedError):
        bench.run(bench.start())
    assert not bench.clock.getDelayedCalls()
    assert logging.getLogger().handlers == handlers


def record(recorder: MessageLog, *messages: dict[str, Any]) -> None:
    """Have a recorder receive messages."""
    for message in messages:
        VirtualClock().run(recorder(message))


def test_wait_for_a_message_that_came() -> None:
    """A message is found among those since the last one waited for, and only once."""
    clock = VirtualClock()
    recorder = MessageLog(clock)
    record(recorder, {"id": "a", "n": 1}, {"id": "b"}, {"id": "a", "n": 2})
    assert clock.run(recorder.wait_for("a")) == {"id": "a", "n": 1}
    assert clock.run(recorder.wait_for("a", n=2)) == {"id": "a", "n": 2}
    with pytest.raises(AssertionError, match=r"No b with \{\} came within 2 s"):
        clock.run(recorder.wait_for("b", within=2))
    assert recorder.ids() == ["a", "b", "a"]
    assert recorder.latest == {"a": {"id": "a", "n": 2}, "b": {"id": "b"}}


def test_wait_for_a_message_to_come() -> None:
    """A message that is still to come is waited for, others are passed by."""
    clock = VirtualClock()
    recorder = MessageLog(clock)
    record(recorder, {"id": "a", "n": 0})
    recorder.skip()
    for delay, number in ((1, 1), (2, 2)):
        clock.callLater(delay, record, recorder, {"id": "a", "n": number})
    assert clock.run(recorder.wait_for("a", n=2)) == {"id": "a", "n": 2}
    assert clock.seconds() == 2
    assert not clock.getDelayedCalls()


def test_recorder_is_bounded() -> None:
    """A log of messages keeps a bounded number; older ones are not found."""
    clock = VirtualClock()
    recorder = MessageLog(clock, keep=2)
    record(recorder, *({"id": "a", "n": number} for number in range(5)))
    assert [message["n"] for message in recorder.messages] == [3, 4]
    assert clock.run(recorder.wait_for("a"))["n"] == 3


class Examples(MemoryTestCase):
    """Not collected: each is run by the test below."""

    __test__ = False
    time_limit = 10.0

    async def test_passes(self) -> None:
        """Pass, in virtual time."""
        await self.commands.run_command("power", POWER_ON)
        await self.bench.sleep(5)

    def test_passes_without_a_coroutine(self) -> None:
        """Pass, and connect what the class says."""
        self.bench.advance(1)
        assert self.telemetry.stats.messages == 60

    async def test_fails(self) -> None:
        """Fail as any test does."""
        self.fail("on purpose")

    async def test_never_ends(self) -> None:
        """Wait for longer than a test may."""
        await self.bench.sleep(11)

    async def test_leaves_an_error(self) -> None:
        """Leave an error in the log."""
        await self.commands.close()
        await self.bench.client("command", lambda message: 1 / 0).connect()

    def test_deferred_that_fails(self) -> "Deferred[None]":
        """Wait for something, then fail."""
        waiting = Deferred.fromCoroutine(self.bench.sleep(5))
        return waiting.addCallback(lambda _: self.fail("in the end"))

    @inlineCallbacks
    def test_inline_callbacks_that_fail(self) -> "Generator[Deferred[Any], Any, None]":
        """Wait for something, then fail."""
        yield Deferred.fromCoroutine(self.commands.run_command("clearErrors"))
        self.fail("in the end")

    async def test_does_not_follow_the_script(self) -> None:
        """Leave a script unfinished."""
        self.bench.scripted_controller().expect_command("power")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("test_passes", ""),
        ("test_passes_without_a_coroutine", ""),
        ("test_fails", "on purpose"),
        ("test_never_ends", "still waits after 10 s"),
        ("test_deferred_that_fails", "in the end"),
        ("test_inline_callbacks_that_fail", "in the end"),
        ("test_leaves_an_error", "ZeroDivisionError"),
        ("test_does_not_follow_the_script", "the command power with any details, which never"),
    ],
)
def test_test_case(name: str, problem: str) -> None:
    """A test of a MemoryTestCase fails for its own reasons, and for what it leaves."""
    result = unittest.TestResult()
    Examples(name).run(result)
    assert result.testsRun == 1
    problems = [text for _, text in result.errors + result.failures]
    assert len(problems) == (1 if problem else 0)
    assert problem in "".join(problems)


class SetUpFails(Examples):
    """Not collected either."""

    __test__ = False

    def setUp(self) -> None:
        """Fail when the bench is there."""
        super().setUp()
        self.fail("in setting up")


def test_set_up_that_fails() -> None:
    """If the `setUp` of a subclass fails, the bench is stopped."""
    handlers = list(logging.getLogger().handlers)
    case = SetUpFails("test_passes")
    # Not run: trial would leave an observer of its own in Twisted's log.
    with pytest.raises(AssertionError, match="in setting up"):
        case.setUp()
    case.doCleanups()
    assert not case.bench.clock.getDelayedCalls()
    assert logging.getLogger().handlers == handlers


class CleansUp(Examples):
    """Not collected either."""

    __test__ = False

    async def test_cleans_up(self) -> None:
        """Leave a client to a cleanup."""
        await self.commands.close()
        client = TcpClient(
            "memory", 0, dict, reactor=self.bench.clock, endpoint=self.bench.ports["command"]
        )
        await client.connect()
        self.addCleanup(lambda: self.bench.run(client.close()))


def test_judged_after_cleanups() -> None:
    """A client that is closed in a cleanup does not fail the test."""
    result = unittest.TestResult()
    CleansUp("test_cleans_up").run(result)
    assert result.wasSuccessful()
