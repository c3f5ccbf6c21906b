"""How long another thread can keep the reactor's thread waiting for the interpreter."""

import sys

__all__ = ["shorten_switch_interval"]

#: Seconds after which a thread that runs Python must let a waiting thread run.  Python has 5 ms.
#: The recorder needs 8 ms for its first chunk, with all channels, and 3 ms for each of the others;
#: the hub needs 0.7 ms for each cycle of telemetry.  The reactor's thread waited up to 5 ms for
#: them.  Below 1 ms, the switches themselves would cost more than they give.
_SWITCH_INTERVAL = 0.001


def shorten_switch_interval() -> None:
    """Let the reactor's thread wait for 1 ms at most while another thread runs Python.

    Only a program may do this, not a library, because it is valid for the whole process.  A
    shorter interval stays as it is.
    """
    if sys.getswitchinterval() > _SWITCH_INTERVAL:
        sys.setswitchinterval(_SWITCH_INTERVAL)
