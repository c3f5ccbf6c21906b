"""Ports of this machine."""

import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Return a port on loopback that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
