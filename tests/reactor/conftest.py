"""Fixtures of the tests on the real reactor."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_twisted

from m2com_twisted.simulator import CellController
from tests.support.aio_bench import Bench
from tests.support.asyncio_reactor import AsyncioReactor


@pytest.fixture(scope="session")
def asyncio_reactor() -> Iterator[AsyncioReactor]:
    """Yield a reactor on asyncio."""
    reactor = AsyncioReactor()
    yield reactor
    reactor.close()


@pytest.fixture
def bench(asyncio_reactor: AsyncioReactor) -> Bench:
    """Return a server, not started, and what makes clients of it."""
    return Bench(asyncio_reactor)


@pytest_twisted.async_yield_fixture
async def controller() -> AsyncIterator[CellController]:
    """Run a simulated controller."""
    controller = CellController()
    await controller.start()
    yield controller
    await controller.stop()
