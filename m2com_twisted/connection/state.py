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

    "Attempt" is a connection that is being dialled, "timer" the delayed call
    that will dial the next one; so at most one of the two is alive.
    "Connection" is one that was handed over by its endpoint and whose transport
    has not ended.  ``connected`` is true only in CONNECTED, until this end gives
    the connection up because the peer is silent.  A `connect` between that and
    the end of the transport waits for the next connection, and so does one that
    is called while closing.  A `close` waits only in CLOSING.
    """

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    CLOSING = "closing"
