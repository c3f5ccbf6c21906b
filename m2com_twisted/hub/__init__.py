"""Many readers of one controller, through a NATS server: publish, read, command.

Needs the extra ``hub``, which brings nats-py.
"""

from .errors import CommandRefused
from .publisher import HubPublisher, HubStats
from .remote import RemoteController
from .settings import HubSettings
from .streams import Retention

__all__ = [
    "CommandRefused",
    "HubPublisher",
    "HubSettings",
    "HubStats",
    "RemoteController",
    "Retention",
]
