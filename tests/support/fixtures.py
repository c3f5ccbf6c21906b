"""Fixtures that several folders of tests use.  The conftest of such a folder imports them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_twisted

from m2com_twisted.simulator import CellController
from tests.support.nats_server import NatsServer, running_server


@pytest_twisted.async_yield_fixture
async def controller() -> AsyncIterator[CellController]:
    """Run a simulated controller."""
    controller = CellController(seed=1)
    await controller.start()
    yield controller
    await controller.stop()


@pytest.fixture(scope="module")
def nats_server() -> Iterator[NatsServer]:
    """Run a NATS server that no test changes.  Each test has its own instance on it."""
    with running_server() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[NatsServer]:
    """Run a NATS server that the test may kill."""
    with running_server() as server:
        yield server
