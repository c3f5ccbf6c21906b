"""Settings of a mirror: limits, tolerances and times.  All of them can be changed."""

from dataclasses import dataclass, field

from ..catalogue import commands
from ..catalogue.actuators import AXIAL_COUNT
from ..catalogue.faults import DEFAULT_ENABLED_FAULTS_MASK

__all__ = ["Limits", "Settings"]

#: Faults that all clients of the controller ignore: three reserved bits, and the fault of the
#: monitoring ILCs (6052), which old firmware reports in one of twenty samples.
_USUALLY_IGNORED = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 34


def _control_parameters() -> commands.SetControlParameters:
    """Return the control parameters that the control system and the console use."""
    return commands.SetControlParameters(
        use_external_elevation_angle=False,
        enable_angle_comparison=False,
        max_angle_difference=2.0,
        enable_lut_temperature=False,
    )


@dataclass(frozen=True)
class Limits:
    """Limits of the motions and forces that a client sends.

    They are checked before a command is sent.  The controller has its own limits.

    Attributes
    ----------
    axial_force, tangent_force
        A demanded force in closed loop is refused if its magnitude reaches this limit, in N.  The
        controller has the same limits.
    force_share
        Share of these limits.  The loop is closed only if each measured force is below this share.
        The console warns at the same share.
    distance
        Largest magnitude of x, y and z, in um.  The console has the same limit.
    rotation
        Largest magnitude of the rotations, in arcsec.  The console has the same limit.
    displacement
        Largest magnitude of the displacement of an actuator, in mm.  The console has the same
        limit.
    steps
        Largest magnitude of the displacement of an actuator, in steps.
    bump_force
        Largest magnitude of the force of a bump test, in N.  The console has the same limit.
    elevation_difference
        Largest difference between the elevation now and in the last closed loop, in degrees.
    """

    axial_force: float = 444.82
    tangent_force: float = 5800.0
    force_share: float = 0.95
    distance: float = 4000.0
    rotation: float = 4125.0
    displacement: float = 200.0
    steps: float = 1e7
    bump_force: float = 500.0
    elevation_difference: float = 2.0

    def force(self, index: int) -> float:
        """Return the limit of the force of an actuator, by its index of all 78."""
        return self.axial_force if index < AXIAL_COUNT else self.tangent_force


@dataclass(frozen=True)
class Settings:
    """Times and tolerances of the commands and procedures of a mirror.

    Attributes
    ----------
    command_timeout
        Seconds for the reply to a quick command and its proof together.
    reply_grace
        Seconds for which the effect of a command must be seen before its reply counts as
        missing.  A reply usually comes within milliseconds.
    power_timeout
        Like ``command_timeout``, for switching a power system.  The slowest need a minute.
    breaker_timeout
        Like ``command_timeout``, for resetting breakers.
    ilc_timeout, ilc_tries
        Seconds for one command that changes modes of ILCs, and number of tries to enable all ILCs.
    ilcs_timeout
        Seconds for enabling all ILCs.
    configuration_timeout
        Seconds for loading a configuration.
    motion_speed
        Measured speed of the mirror, in um/s.  The expected time of a motion is computed from it.
    motion_margin
        Limit of the time of a motion: its expected time, multiplied by the first number, plus the
        second number in seconds.  The second number is for short motions.
    motion_timeout
        Longest time of a motion, a script or a bump test, in seconds.
    position_tolerance, rotation_tolerance
        Distances from the target, in um and arcsec, within which the mirror has arrived.
    dwell
        Seconds for which the mirror must stay within these distances.
    force_tolerance
        Largest difference, in N, of two force offsets that count as equal.
    bump_tolerance
        Largest difference of measured and demanded force in a bump test, as a part of the force
        of the test.
    bump_period
        Seconds for which a bump test holds its force.
    clear_hold
        Seconds for which cleared faults must stay away: two cycles of the controller.
    closed_hold
        Seconds for which a closed loop must stay closed without a fault.
    ready_timeout
        Seconds in which both ports must be connected and the welcome messages must arrive.
    welcome_timeout
        Seconds after which missing welcome messages are not awaited any more.
    safe_timeout
        Seconds for which `make_safe` continues to try.  The slowest power system needs 40 s.  The
        default is more than twice 40 s for `make_safe`, and as much for earlier commands.
    reboot_timeout
        Seconds until a restarted controller must be connected again.  It needs five minutes.
    enabled_faults_mask
        Mask of the enabled faults, set by `enable`.  None leaves the mask as it is.
    control_parameters
        Sources of elevation and temperature for the force tables, set by `enable`.
    configuration_file, hardpoints
        Chosen by `enable` if the controller has others.  None leaves them as they are.
    bypassed_ilcs_must_be_enabled
        Whether bypassed ILCs must be enabled to close the loop.  The rule of the controller
        is not known.
    """

    command_timeout: float = 10.0
    reply_grace: float = 5.0
    power_timeout: float = 120.0
    breaker_timeout: float = 30.0
    ilc_timeout: float = 20.0
    ilc_tries: int = 4
    ilcs_timeout: float = 240.0
    configuration_timeout: float = 30.0
    motion_speed: float = 4.85
    motion_margin: tuple[float, float] = (2.0, 30.0)
    motion_timeout: float = 3600.0
    position_tolerance: float = 1.0
    rotation_tolerance: float = 0.5
    dwell: float = 1.0
    force_tolerance: float = 0.01
    bump_tolerance: float = 0.2
    bump_period: float = 10.0
    clear_hold: float = 0.3
    closed_hold: float = 1.0
    ready_timeout: float = 30.0
    welcome_timeout: float = 3.0
    safe_timeout: float = 180.0
    reboot_timeout: float = 600.0
    enabled_faults_mask: int | None = DEFAULT_ENABLED_FAULTS_MASK & ~_USUALLY_IGNORED
    control_parameters: commands.SetControlParameters = field(default_factory=_control_parameters)
    configuration_file: str | None = None
    hardpoints: tuple[int, ...] | None = None
    bypassed_ilcs_must_be_enabled: bool = False
