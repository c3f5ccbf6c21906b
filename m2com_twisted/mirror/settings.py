"""Settings of a mirror: limits, tolerances and times, all of which can be changed."""

from dataclasses import dataclass, field

from ..catalogue import commands
from ..catalogue.faults import DEFAULT_ENABLED_FAULTS_MASK

__all__ = ["Limits", "Settings"]

#: Faults that all clients of the controller leave out: three reserved bits, and the
#: monitoring ILCs (6052), which old firmware reports in one sample of twenty.
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
    """How far a client lets the mirror and its actuators go.

    They are checked before anything is sent.  The controller has limits of its own.

    Attributes
    ----------
    axial_force, tangent_force
        Magnitude of the demand in closed loop, in N, at which a force is refused.  The
        controller has the same limits.
    distance
        Largest magnitude of x, y and z, in um.  The console has the same limit.
    rotation
        Largest magnitude of the rotations, in arcsec.  The console has the same limit.
    displacement
        Largest magnitude of the displacement of an actuator, in mm, as in the console.
    steps
        Largest magnitude of its displacement in steps.
    bump_force
        Largest magnitude of the force of a bump test, in N, as in the console.
    elevation_difference
        Degrees that the elevation may differ from that of the last closed loop.
    """

    axial_force: float = 444.82
    tangent_force: float = 5800.0
    distance: float = 4000.0
    rotation: float = 4125.0
    displacement: float = 200.0
    steps: float = 1e7
    bump_force: float = 500.0
    elevation_difference: float = 2.0


@dataclass(frozen=True)
class Settings:
    """How a mirror is run.

    Attributes
    ----------
    command_timeout
        Seconds for the reply to a quick command and its proof together.
    reply_grace
        Seconds for which the effect of a command must be seen before its reply counts as
        missing.  It usually comes within milliseconds.
    power_timeout
        Like ``command_timeout``, for switching a power system; the slowest need a minute.
    breaker_timeout
        Like ``command_timeout``, for resetting breakers.
    ilc_timeout, ilc_tries
        Seconds for one change of modes of ILCs, and number of tries for all of it.
    ilcs_timeout
        Seconds for enabling all ILCs.
    configuration_timeout
        Seconds for loading a configuration.
    motion_speed
        Measured speed of the mirror in um/s; gives the time that a motion may take.
    motion_margin
        Factor and, for short motions, seconds that are added to that time.
    motion_timeout
        Seconds that no motion, script or bump test may exceed.
    position_tolerance, rotation_tolerance
        Distances from the target, in um and arcsec, within which the mirror has arrived.
    dwell
        Seconds for which the mirror must stay there.
    force_tolerance
        Difference of two force offsets, in N, up to which they count as equal.
    bump_tolerance
        Part of the force of a bump test that must be measured.
    bump_period
        Seconds for which a bump test holds its force.
    clear_hold
        Seconds for which cleared faults must stay away: two cycles of the controller.
    closed_hold
        Seconds for which a closed loop must stay closed without a fault.
    ready_timeout
        Seconds until both ports are up and the welcome was heard.
    welcome_timeout
        Seconds after which a welcome that has not come counts as missing.
    safe_timeout
        Seconds that `make_safe` goes on trying: twice the slowest power of 40 s, and as
        long again for the commands that are before it.
    reboot_timeout
        Seconds until a restarted controller must be back; it needs five minutes.
    enabled_faults_mask
        Faults that `enable` lets the controller report and act upon; None: as they are.
    control_parameters
        Sources of elevation and temperature for the force tables; `enable` sets them.
    configuration_file, hardpoints
        Chosen by `enable` if the controller has others; None: they stay as they are.
    bypassed_ilcs_must_be_enabled
        Whether the ILCs that are bypassed must be enabled to close the loop.  It is not
        known which rule the controller has.
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
