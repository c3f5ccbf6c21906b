"""The sets of rules that a simulator can follow."""

from dataclasses import dataclass

from .power import INSTANT, PowerTimes

__all__ = ["DEFAULT", "ORIGINAL", "PROFILES", "STRICT", "Profile"]


@dataclass(frozen=True)
class Profile:
    """A set of rules.

    Attributes
    ----------
    name
        Name on the command line.
    consecutive_ids
        Whether the reply is ``noack`` if a sequence id is not the previous one plus 1.
    welcome_always
        Whether each connection gets the welcome messages, or only the first one since the start.
    runs_alone
        Whether time passes for the model while no command client is connected.
    command_interval
        Seconds from the start of one command to the start of the next.  The first command
        after a pause starts at once.  In the original it starts up to 53 ms later, in the next
        cycle.  A client cannot rely on either.
    power_times
        The times that changes of the power systems take.
    as_original
        Whether the model has the peculiarities of the original, also those that no real
        controller can have.  The page of the simulator lists them.
    """

    name: str
    consecutive_ids: bool = True
    welcome_always: bool = True
    runs_alone: bool = True
    command_interval: float = 0.0
    power_times: PowerTimes = INSTANT
    as_original: bool = False


#: The documented rules, without delays.
DEFAULT = Profile("default")

#: The behaviour of the asyncio original.  It takes 19 commands a second, one in 52 ms
#: (protocol-answers).  Its model stands still without a client (protocol-lifetime).
ORIGINAL = Profile(
    "original",
    consecutive_ids=False,
    welcome_always=False,
    runs_alone=False,
    command_interval=0.052,
    as_original=True,
)

#: The documented rules with realistic times.  The power systems take as long as in the original
#: up to its version 1.5.8 (protocol-power).  A cycle of 50 ms takes one command.
STRICT = Profile(
    "strict",
    command_interval=0.05,
    power_times=PowerTimes(on=(0.5, 3.0), off=(0.5, 0.5), reset=5.0),
)

#: The profiles by their names.
PROFILES = {profile.name: profile for profile in (DEFAULT, ORIGINAL, STRICT)}
