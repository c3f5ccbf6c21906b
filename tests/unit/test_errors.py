"""Errors and outcomes: copied, pickled, and each waiter's own."""

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import threading
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

import m2com_twisted
from m2com_twisted import ClientClosedError, CommandOutcome, ConnectRefusedError, M2ComError
from m2com_twisted.errors import CommandStage, CommandTimeout, InvalidMessageError
from m2com_twisted.mirror.report import Report, StepRecord
from m2com_twisted.support.copying import copyable
from m2com_twisted.support.stats import Stats
from m2com_twisted.support.waiters import Waiters
from tests.support.coroutines import result_of
from tests.support.fake_endpoint import Fixture


def pickled(protocol: int) -> Callable[[Any], Any]:
    """Return a function that pickles and unpickles."""
    return lambda one: pickle.loads(pickle.dumps(one, protocol))


COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy]
COPIES += [pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

SAMPLES: dict[str, object] = {
    "str": "text",
    "int": 3,
    "int | None": None,
    "float": 1.5,
    "CommandStage": CommandStage.SENT,
    "CommandOutcome": CommandOutcome("power", 1, 1.0, None, 2.0, {"id": "success"}),
    "Report": Report("enable", [StepRecord("motor power")]),
    "collections.abc.Mapping[int, str]": {3: "standby"},
    "collections.abc.Mapping[str, str]": {"motor power": "off"},
}


def error_types() -> Iterator[type[BaseException]]:
    """Yield every error that a module of the package defines, but for Twisted's own wrapper."""
    for module in pkgutil.walk_packages(m2com_twisted.__path__, "m2com_twisted."):
        if module.name.endswith("__main__"):
            continue
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_ours = one.__module__ == module.name and not issubclass(one, Failure)
            if is_ours and issubclass(one, BaseException):
                yield one


def sample(error_type: type[BaseException]) -> BaseException:
    """Return an error of a type, made as its constructor says."""
    constructor = error_type.__init__
    if not inspect.isfunction(constructor):
        return error_type("a reason")
    parameters = list(inspect.signature(constructor).parameters.values())[1:]
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return error_type("a reason")
    return error_type(*(SAMPLES.get(_name(one.annotation), "what was wrong") for one in parameters))


def _name(annotation: object) -> str:
    # To Python 3.10, Mapping[int, str] is a type as well.
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation)


@pytest.mark.parametrize("error_type", list(error_types()), ids=lambda one: one.__name__)
def test_errors_can_be_copied_and_pickled(error_type: type[BaseException]) -> None:
    """A copy of any error of the package has its type, text, fields, notes and cause."""
    error = sample(error_type)
    error.__cause__ = ConnectionRefusedError("the cause")
    error.note = ["a field of the user's"]  # type: ignore[attr-defined]
    for copied in (one(error) for one in COPIES):
        assert type(copied) is error_type
        assert (str(copied), copied.args) == (str(error), error.args)
        assert vars(copied) == vars(error)
        assert getattr(copied, "errno", None) == getattr(error, "errno", None)
        if isinstance(error, M2ComError):
            assert isinstance(copied.__cause__, ConnectionRefusedError)


def test_there_are_errors_to_be_found() -> None:
    """The inspection finds those of all packages, or the test above would prove nothing."""
    assert {"M2ComError", "CommandTimeout", "CommandRefusedError"} <= {
        one.__name__ for one in error_types()
    }


def test_the_number_of_a_system_call_survives() -> None:
    """A copied error of a connection has the errno, which is no part of its dictionary."""
    error = ConnectRefusedError("m2.example", 50000, OSError(111, "refused"))
    for copied in (one(error) for one in COPIES):
        assert (copied.errno, copied.port) == (111, 50000)


def test_errors_of_users_can_be_pickled() -> None:
    """A subclass with another constructor needs no code of its own for it."""
    error = _OfAUser(3, lamp="red")
    for copied in (one(error) for one in COPIES):
        assert (copied.lamp, copied.command, copied.outcome_unknown) == ("red", "power", True)


class _OfAUser(CommandTimeout):
    def __init__(self, number: int, *, lamp: str) -> None:
        super().__init__("of ours", "power", number, CommandStage.SENT)
        self.lamp = lamp


class _UncopyableError(Exception):
    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{number} {text}")
        self.lock = threading.Lock()


class _UnspeakableError(_UncopyableError):
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize("error_type", [_UncopyableError, _UnspeakableError])
def test_a_cause_that_cannot_be_copied_is_described(error_type: type[_UncopyableError]) -> None:
    """A lock in a foreign error costs the copy the foreign error, but nothing else."""
    error = InvalidMessageError("outer")
    error.__cause__ = error_type(1, "a")
    for copied in (one(error) for one in COPIES):
        assert isinstance(copied, InvalidMessageError)
        assert type(copied.__cause__) is M2ComError
        assert error_type.__name__ in str(copied.__cause__)


def test_counters_can_be_turned_into_a_dictionary() -> None:
    """Counters can be copied and pickled, and `asdict` works, whatever the last error is."""
    fixture = Fixture()
    error = _UncopyableError(1, "a")
    fixture.connect().lose(error)
    stats = fixture.client.stats
    as_dict = dataclasses.asdict(stats)
    assert str(as_dict["last_error"]) == "_UncopyableError: 1 a"
    for copied in (one(stats) for one in COPIES):
        assert dataclasses.asdict(copied).keys() == as_dict.keys()
        assert str(copied.last_error) == str(stats.last_error)
    assert stats.last_error is not None
    assert stats.last_error.__cause__ is error
    result_of(fixture.client.close())


@pytest.mark.parametrize("error", [ConnectionRefusedError(), M2ComError("x"), KeyError(3)])
def test_an_error_that_can_be_copied_is_kept_as_it_is(error: BaseException) -> None:
    """An error that can be copied is kept; only others are replaced."""
    assert copyable(error) is error


def test_outcomes_can_be_copied_and_pickled() -> None:
    """Outcomes of commands and counters can be copied and pickled."""
    outcome = CommandOutcome("power", 1, 1.0, None, 2.0, {"id": "success", "deep": [{"a": 1}]})
    for one in (outcome, Stats(messages=3)):
        for copied in (make(one) for make in COPIES):
            assert copied == one


def test_each_waiter_gets_an_error_of_its_own() -> None:
    """Each waiter gets an error of its own, so tracebacks do not mix."""
    waiters = Waiters()
    raised: list[BaseException] = []
    for _ in range(2):
        waiters.add().addBoth(lambda result: raised.append(result.value))
    waiters.fail(ClientClosedError("The client was closed."))
    assert [str(error) for error in raised] == ["The client was closed."] * 2
    assert raised[0] is not raised[1]


@pytest.mark.parametrize(
    "fire", [lambda waiters: waiters.succeed(), lambda waiters: waiters.fail(M2ComError())]
)
def test_a_waiter_may_cancel_the_next(fire: Callable[[Waiters], None]) -> None:
    """A waiter that is cancelled by the one before is told only that; the others are told."""
    forgotten: list[str] = []
    waiters = Waiters(lambda: forgotten.append("one"))
    told: list[object] = []
    first, second, third = (waiters.add() for _ in range(3))
    first.addBoth(lambda _: second.cancel())
    second.addBoth(lambda failure: told.append(failure.type.__name__))
    third.addBoth(lambda _: told.append("third"))
    fire(waiters)
    assert told == ["CancelledError", "third"]
    assert (len(waiters), forgotten) == (0, ["one"])


def test_who_begins_to_wait_meanwhile_waits_for_the_next_time() -> None:
    """A waiter that is added by another's callback is not told of what has passed."""
    waiters = Waiters()
    added: list[Deferred[None]] = []
    waiters.add().addBoth(lambda _: added.append(waiters.add()))
    waiters.succeed()
    assert (len(waiters), added[0].called) == (1, False)
    added[0].addErrback(lambda _: None)
    added[0].cancel()
