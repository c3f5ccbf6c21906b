"""What the programs talk to."""

from tests.support.fixtures import controller, nats_server

__all__ = ["controller", "nats_server"]
