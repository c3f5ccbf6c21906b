"""The two messages of the telescope mount that a client passes on to the controller.

They are not commands.  They have no sequence id, and the controller never answers them.

Source: :ref:`protocol-messages`.
"""

from typing import Annotated, ClassVar

from .describe import about, wire_name
from .enums import MsgType
from .messages import CheckedMessage

__all__ = ["BY_NAME", "Feed", "MountElevation", "MountInPosition"]


class Feed(CheckedMessage, frozen=True):
    """A message of the telescope mount.

    Attributes
    ----------
    msg_type
        Its kind, which decides the port that it goes to.
    comp_name
        The component that it comes from; the controller requires it.
    """

    msg_type: ClassVar[MsgType]
    comp_name: ClassVar[str] = "MTMount"


class MountInPosition(Feed, frozen=True, tag=lambda name: "evt_" + wire_name(name)):
    """Whether the telescope mount is in position; goes to the command port.

    It has no visible effect on the controller.
    """

    msg_type: ClassVar[MsgType] = MsgType.Event

    in_position: Annotated[bool, about("Whether the mount is in position.")]


class MountElevation(Feed, frozen=True, tag="tel_elevation"):
    """The elevation of the telescope; goes to the telemetry port.  Send it at 20 Hz or more.

    The force tables use it after ``setControlParameters`` has selected it.  The topic
    ``inclinometerAngleTma`` shows the value that the controller received last.
    `ElevationFeeder` sends the elevation at a steady rate.
    """

    name: ClassVar[str] = "elevation"
    msg_type: ClassVar[MsgType] = MsgType.Telemetry

    actual_position: Annotated[
        float, about("Elevation above the horizon.", "deg", minimum=-90, maximum=90)
    ]


#: The classes by the name on the wire, without ``evt_`` or ``tel_``.
BY_NAME: dict[str, type[Feed]] = {feed.name: feed for feed in (MountInPosition, MountElevation)}
