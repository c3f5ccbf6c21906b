"""A NATS server for the tests of the hub."""

from tests.support.fixtures import nats_server, own_server

__all__ = ["nats_server", "own_server"]
