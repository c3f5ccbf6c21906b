"""Log lines with a name, a bound and a rate limit."""

import logging

import pytest
from twisted.internet.task import Clock

from m2com_twisted.support.log import BoundedLog, NamedLog, beginning_of
from m2com_twisted.support.throttle import Throttle


def test_the_name_comes_first(caplog: pytest.LogCaptureFixture) -> None:
    """A line starts with the name, whether it has arguments or not."""
    log = NamedLog(logging.getLogger("test"), "telemetry")
    log.warning("%d of %s", 3, "5%")
    log.warning("100% of it")
    assert caplog.messages == ["telemetry: 3 of 5%", "telemetry: 100% of it"]


def test_a_percent_sign_in_the_name_breaks_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """A name that looks like a format leaves arguments to the line."""
    log = NamedLog(logging.getLogger("test"), "50%d")
    log.warning("%d lines", 3)
    log.warning("no argument")
    assert caplog.messages == ["50d: 3 lines", "50d: no argument"]


def test_a_traceback_passes_through(caplog: pytest.LogCaptureFixture) -> None:
    """An error that is logged with its exception keeps it."""
    error = ValueError("mine")
    NamedLog(logging.getLogger("test"), "x").error("failed", exc_info=error)
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize(
    ("times", "answers"),
    [
        ([0], [0]),
        ([0, 1, 9.9, 10], [0, None, None, 2]),
        ([0, 10, 19, 20], [0, 0, None, 1]),
        ([5, 100, 101, 109, 110], [0, 0, None, None, 2]),
    ],
)
def test_a_throttle_admits_one_per_interval(times: list[float], answers: list[int | None]) -> None:
    """The first event passes, then one per interval, with the number of those held back."""
    throttle = Throttle(10)
    assert [throttle.admit(now) for now in times] == answers


def test_a_throttle_may_admit_several() -> None:
    """A throttle admits so many in one interval, then none until it is over."""
    throttle = Throttle(10, most=2)
    times = [0, 9, 9.5, 10, 10, 11, 20]
    assert [throttle.admit(now) for now in times] == [0, 0, None, 1, 0, None, 1]


def test_a_bounded_log_is_attributed_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    """A record of a bounded log names the caller's line, and begins with the same name."""
    BoundedLog(NamedLog(logging.getLogger("test"), "x"), Clock()).warning("%d%%", 3)
    [record] = caplog.records
    assert (record.module, record.getMessage()) == ("test_log", "x: 3%")


def test_the_beginning_of_a_message_is_bounded() -> None:
    """However long or deep a message is, 200 characters of it are shown."""
    assert beginning_of({"id": "a"}) == "{'id': 'a'}"
    assert beginning_of({"id": "x" * 1000}) == repr({"id": "x" * 1000})[:200]
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(beginning_of(deep)) <= 200


class Broken(logging.Handler):
    """A handler that raises."""

    def emit(self, record: logging.LogRecord) -> None:
        """Raise."""
        raise ZeroDivisionError


def refuse(record: logging.LogRecord) -> bool:
    """Raise, where it is used as a filter."""
    raise ZeroDivisionError


@pytest.mark.parametrize("method", ["debug", "info", "warning", "error", "exception", "critical"])
@pytest.mark.parametrize("role", ["handler", "filter"])
def test_a_log_that_fails_does_not_reach_the_caller(
    method: str, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of a log handler or filter is shown on stderr, and the caller goes on."""
    logger = logging.Logger("broken", logging.DEBUG)
    if role == "handler":
        logger.addHandler(Broken())
    else:
        logger.addFilter(refuse)
    getattr(NamedLog(logger, "x"), method)("%d lines", 3)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_line_is_attributed_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    """A format with the module and the line number shows who logs, not how."""
    log = NamedLog(logging.getLogger("test"), "x")
    log.warning("by its method")
    log.log(logging.WARNING, "by its level")
    assert [record.module for record in caplog.records] == ["test_log"] * 2
