"""Many readers of one controller, through a NATS server: publish, read, command.

It needs the extra ``hub``, which installs nats-py.
"""

from .errors import CommandRefused, HubRefusedError, NotPermittedError, UnknownInstanceError
from .history import Kept, read_history
from .local_server import LocalServer
from .once import run_once
from .publisher import HubPublisher, HubStats
from .remote import RemoteController
from .settings import HubSettings
from .streams import Retention, check_streams, set_up_streams

__all__ = [
    "CommandRefused",
    "HubPublisher",
    "HubRefusedError",
    "HubSettings",
    "HubStats",
    "Kept",
    "LocalServer",
    "NotPermittedError",
    "RemoteController",
    "Retention",
    "UnknownInstanceError",
    "check_streams",
    "read_history",
    "run_once",
    "set_up_streams",
]
