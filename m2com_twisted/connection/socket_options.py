"""Socket options that notice a dead peer and do not delay small messages."""

import logging
import socket

from twisted.internet.interfaces import ITCPTransport

from ..support.log import NamedLog

__all__ = ["set_socket_options"]

# Both ends of the original use these values (protocol-transport).  A peer
# that vanished is noticed after 60 + 4 * 15 = 120 s.  Each name is looked up
# when it is used, because not every platform has all of them.
_KEEPALIVE_OPTIONS = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # the name of TCP_KEEPIDLE on macOS
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    # Keepalive does not run while sent data is unacknowledged.  This option
    # covers that case.  Its value is the same 120 s, in milliseconds.
    ("TCP_USER_TIMEOUT", 120_000),
)

# The largest number of transports around a socket.  TLS is one.  The protocol of
# a proxy may be another.  A larger number is a mistake, perhaps a circle of transports.
_MOST_LAYERS = 10


def set_socket_options(transport: object, log: logging.Logger | NamedLog) -> None:
    """Set keepalive and no-delay on a TCP transport, with or without TLS.

    The connection also works without an option that cannot be set.
    Nothing is set on any other transport, such as one in memory.

    Parameters
    ----------
    transport
        The transport of a connection that has just been made.
    log
        Receives a warning if the transport raises an error.
    """
    for set_option in (_set_no_delay, _set_keepalive, _set_keepalive_times):
        try:
            set_option(transport)
        # A transport may come from any package.  It may raise any error, for
        # example because the peer has reset the connection.
        except Exception as error:
            log.warning("Not all socket options could be set: %r", error)


def _set_no_delay(transport: object) -> None:
    if ITCPTransport.providedBy(transport):
        transport.setTcpNoDelay(True)


def _set_keepalive(transport: object) -> None:
    if ITCPTransport.providedBy(transport):
        transport.setTcpKeepAlive(True)


def _set_keepalive_times(transport: object) -> None:
    tcp_socket = _tcp_socket(transport)
    if tcp_socket is None:
        return
    refused: list[OSError] = []
    for name, value in _KEEPALIVE_OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            # A platform may refuse an option that it defines.  It may accept the others.
            try:
                tcp_socket.setsockopt(socket.IPPROTO_TCP, option, value)
            except OSError as error:
                refused.append(error)
    if refused:
        raise refused[0]


def _tcp_socket(transport: object) -> socket.socket | None:
    """Return the TCP socket below a transport, or None if there is no such socket.

    The handle of a TLS transport is an object of OpenSSL.  The transport below
    it has the socket.
    """
    layer: object = transport
    for _ in range(_MOST_LAYERS):
        if layer is None:
            return None
        get_handle = getattr(layer, "getHandle", None)
        handle = get_handle() if get_handle is not None else None
        if isinstance(handle, socket.socket):
            is_tcp = handle.family in (socket.AF_INET, socket.AF_INET6)
            return handle if is_tcp else None
        layer = getattr(layer, "transport", None)
    return None
