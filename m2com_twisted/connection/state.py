"""The states of a client's connection, and what holds in each."""

import enum

__all__ = ["ConnectionState"]


class ConnectionState(enum.Enum):
    """The state of a client's connection.

    In every state, after every step:

    ==========  =======  =====  ==========  =============  ===================
    state       attempt  timer  connection  connect waits  should be connected
    ==========  =======  =====  ==========  =============  ===================
    IDLE        no       no     no          no             no, but after a
                                                           loss without a
                                                           retry policy
    CONNECTING  yes      no     no          perhaps        yes
    CONNECTED   no       no     yes         once given up  yes
    WAITING     no       yes    no          perhaps        yes
    CLOSING     no       no     perhaps     perhaps        no
    ==========  =======  =====  ==========  =============  ===================

    An "attempt" is a connection that is being dialled.  The "timer" is the delayed
    call that will dial the next one.  At most one of the two exists.  A
    "connection" is one that its endpoint has handed over and whose transport has
    not ended.  ``connected`` is true only in CONNECTED, until the client gives the
    connection up because the peer is silent.  A `connect` that is called after this
    waits for the next connection.  A `connect` that is called while closing does
    the same.  A `close` waits only in CLOSING.
    """

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    CLOSING = "closing"
