"""A NATS server for the tests of a module; each has an instance of its own on it."""

from collections.abc import Iterator

import pytest

from tests.support.nats_server import NatsServer, running_server


@pytest.fixture(scope="module")
def nats_server() -> Iterator[NatsServer]:
    """Run a server that stays as it is."""
    with running_server() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[NatsServer]:
    """Run a server that the test may kill."""
    with running_server() as server:
        yield server
