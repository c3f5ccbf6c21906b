"""Socket options that notice a dead peer and do not delay small messages."""

import contextlib
import logging
import socket

from twisted.internet.interfaces import ITCPTransport

from ..support.log import NamedLog

__all__ = ["set_socket_options"]

# The figures that both ends of the original use (protocol-transport).  A peer
# that vanished is noticed after 60 + 4 * 15 = 120 s.  Each name is looked up
# when it is used, because platforms have different ones.
_KEEPALIVE_OPTIONS = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # the name of TCP_KEEPIDLE on macOS
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    # Keepalive does not run while sent data is unacknowledged.  This option
    # covers that case, in milliseconds: the same 120 s.
    ("TCP_USER_TIMEOUT", 120_000),
)

# The most transports around a socket.  TLS is one, a proxy's protocol may be
# another; more than this is a mistake, perhaps a circle.
_MOST_LAYERS = 10


def set_socket_options(transport: object, log: logging.Logger | NamedLog) -> None:
    """Set keepalive and no-delay on a TCP transport, also below TLS.

    An option that cannot be set is logged, and the connection works without it.
    Any other transport, such as one in memory, is left alone.

    Parameters
    ----------
    transport
        The transport of a connection that has just been made.
    log
        Receives a warning for a transport that refuses.
    """
    for set_option in (_set_no_delay, _set_keepalive, _set_keepalive_times):
        try:
            set_option(transport)
        # A transport may come from any package and raise anything, for example
        # because the peer has reset the connection.
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
    for name, value in _KEEPALIVE_OPTIONS:
        option = getattr(socket, name, None)
        if option is not None:
            # A platform may define an option and refuse it.
            with contextlib.suppress(OSError):
                tcp_socket.setsockopt(socket.IPPROTO_TCP, option, value)


def _tcp_socket(transport: object) -> socket.socket | None:
    """Return the TCP socket below a transport; None if there is none.

    The handle of a TLS transport is an object of OpenSSL; the socket belongs to
    the transport below it.
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
