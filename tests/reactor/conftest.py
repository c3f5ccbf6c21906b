"""Fixtures of the tests on the real reactor."""

from collections.abc import Iterator

import pytest

from tests.reactor.aio_bench import Bench
from tests.reactor.asyncio_reactor import AsyncioReactor


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
