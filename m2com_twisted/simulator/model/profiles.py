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
        Whether a sequence id that is not the previous one plus 1 is answered
        with ``noack``.
    welcome_always
        Whether each connection is welcomed, or only the first in the server's
        life.
    runs_alone
        Whether time passes for the model while no command client is there.
    command_interval
        Seconds from the beginning of one command to that of the next.  The
        first command after a pause is taken at once.  The original takes it up to
        53 ms later, in its next cycle; a client cannot rely on either.
    power_times
        How long the power systems take.
    as_original
        Whether the model has the original's peculiarities, also those that no real
        controller can have.  They are listed on the page of the simulator.
    """

    name: str
    consecutive_ids: bool = True
    welcome_always: bool = True
    runs_alone: bool = True
    command_interval: float = 0.0
    power_times: PowerTimes = INSTANT
    as_original: bool = False


#: The documented rules, without the waiting.
DEFAULT = Profile("default")

#: As the asyncio original: 19 commands a second, one in 52 ms
#: (protocol-answers); its model stands still without a client (protocol-lifetime).
ORIGINAL = Profile(
    "original",
    consecutive_ids=False,
    welcome_always=False,
    runs_alone=False,
    command_interval=0.052,
    as_original=True,
)

#: The documented rules with realistic times: those of the original up to its
#: version 1.5.8 (protocol-power), one command in a 50 ms cycle.
STRICT = Profile(
    "strict",
    command_interval=0.05,
    power_times=PowerTimes(on=(0.5, 3.0), off=(0.5, 0.5), reset=5.0),
)

#: The profiles by their names.
PROFILES = {profile.name: profile for profile in (DEFAULT, ORIGINAL, STRICT)}
