"""What holds for every test: it leaves nothing behind, and Hypothesis repeats itself in CI."""

import gc
import os
from collections.abc import Iterator
from typing import cast

import pytest
import pytest_twisted
from hypothesis import find, settings, strategies
from twisted.internet.base import ReactorBase
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from tests.support.leaks import LoggedErrors, contents, observed_errors, remove_leftovers

# Trial's TestCases run the reactor themselves, which here is pytest-twisted's to do.
collect_ignore = ["trial"]

# A gate must give the same answer twice, so in CI the examples are the same each time; on a
# developer's machine they differ from run to run and find more.  No deadline in either: how long
# an example takes says more about the machine's load than about the code.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def _reactor() -> ReactorBase:
    """Return the reactor that pytest-twisted has installed by the time a test runs."""
    from twisted.internet import reactor

    return cast(ReactorBase, reactor)


def _turn_reactor() -> None:
    pytest_twisted.blockon(deferLater(_reactor(), 0))


@pytest.fixture(scope="session", autouse=True)
def running_reactor(twisted_greenlet: object) -> None:
    """Start the reactor, so that what it adds to itself then is blamed on no test."""
    _turn_reactor()
    # Hypothesis registers its source of randomness on first use, and asks the garbage collector
    # then who refers to it.  It would not be told of the objects that are exempted below.
    find(strategies.none(), lambda _: True)


@pytest.fixture(scope="module", autouse=True)
def exempt_from_collection(running_reactor: None) -> None:
    """Exempt from garbage collection what exists before the tests of a module.

    The one after each test would look through all of it, which takes 37 ms at first, and the
    longer the more tests have left their reports; so it takes 0.2 ms.  Garbage goes before.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logged_errors(request: pytest.FixtureRequest, running_reactor: None) -> Iterator[LoggedErrors]:
    """Fail a test that leaves an unexpected error in Twisted's log.

    A test that expects errors asks for this fixture and calls `flush`.
    """
    with observed_errors() as errors:
        yield errors
        if request.cls is not None and issubclass(request.cls, SynchronousTestCase):
            # What was logged while it ran, trial has seen and judged; what comes out of the
            # garbage it left, trial would only see with --force-gc.
            errors.clear()
        unexpected = errors.flush()
        if unexpected:
            tracebacks = [failure.getTraceback() for failure in unexpected]
            pytest.fail(
                "\n".join(["The test left errors in Twisted's log:", *tracebacks]), pytrace=False
            )


@pytest.fixture(autouse=True)
def clean_reactor(logged_errors: LoggedErrors) -> Iterator[None]:
    """Fail a test that leaves a delayed call, a reader or a writer in the reactor."""
    before = contents(_reactor())
    yield
    leftovers = remove_leftovers(_reactor(), before, _turn_reactor)
    if leftovers:
        pytest.fail("\n".join(["The test left in the reactor:", *leftovers]), pytrace=False)
