"""Socket options that notice a dead peer and do not delay small messages."""

import contextlib
import socket

from twisted.internet.interfaces import ITCPTransport

__all__ = ["set_socket_options"]

# The figures of both ends of the original (protocol-transport): a peer that
# vanished is noticed after 60 + 4 * 15 = 120 s.  The names are looked up one
# by one because platforms differ in what they have.
_KEEPALIVE_OPTIONS = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # what macOS calls TCP_KEEPIDLE
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    # Keepalive does not run while sent data is unacknowledged; this does, and
    # allows it the same time.  In milliseconds.
    ("TCP_USER_TIMEOUT", 120_000),
)


def set_socket_options(transport: object) -> None:
    """Set keepalive and no-delay on a TCP transport; leave any other alone."""
    if not ITCPTransport.providedBy(transport):
        return
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    if not isinstance(handle, socket.socket):
        return
    for name, value in _KEEPALIVE_OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            # A platform may define an option and refuse it; the connection
            # works without.
            with contextlib.suppress(OSError):
                handle.setsockopt(socket.IPPROTO_TCP, option, value)
