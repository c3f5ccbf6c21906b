"""How long ``close`` waits for the callback and for the connection to end."""

__all__ = ["CALLBACK_CLOSE_TIMEOUT", "PEER_CLOSE_TIMEOUT"]

#: Seconds that ``close`` waits for a callback of the user that it has cancelled.
CALLBACK_CLOSE_TIMEOUT = 2.0

#: Seconds that a connection may take to close.  A peer that does not read would otherwise
#: keep it open for ever.
PEER_CLOSE_TIMEOUT = 2.0
