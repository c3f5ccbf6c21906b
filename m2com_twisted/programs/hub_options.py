"""The options of the hub, and the controller behind the hub or behind two ports."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..client.observers import LineObserver
from ..delivery.delivery import MessageCallback
from ..service import CellControllerService, ControllerState
from .extras import MissingExtraError, extra

if TYPE_CHECKING:
    from ..hub import HubRefusedError, HubSettings, RemoteController

__all__ = ["HUB_PARAMETERS", "address", "controller", "hub_settings", "obstacle_of"]

#: For `optParameters` of programs that publish to the hub or read from it.
HUB_PARAMETERS: list[object] = [
    ["hub", None, None, "The hub, nats://host:4222; servers of a cluster with commas between."],
    ["instance", None, "main", "Name of the controller among those on the hub."],
    ["hub-credentials", None, None, "File with a NATS token, or with one line user:password."],
    ["hub-ca", None, None, "File with the certificates to check the hub's against: requires TLS."],
]


def hub_settings(options: Mapping[str, Any]) -> "HubSettings | None":
    """Return the settings of the hub.  None if the option ``--hub`` is not given.

    Raises
    ------
    UsageError
        If an option is wrong, or the extra ``hub`` is not installed.
    """
    if options["hub"] is None:
        for name in ("hub-credentials", "hub-ca"):
            if options[name] is not None:
                raise usage.UsageError(f"--{name} is of no use without --hub")
        return None
    try:
        with extra("hub", "--hub"):
            from ..hub import HubSettings
    except MissingExtraError as error:
        raise usage.UsageError(str(error)) from error
    try:
        return HubSettings.parse(
            options["hub"],
            options["instance"],
            credentials=options["hub-credentials"],
            ca=options["hub-ca"],
        )
    except ValueError as error:
        raise usage.UsageError(f"--hub: {error}") from error


def controller(
    options: Mapping[str, Any],
    reactor: IReactorTime,
    *,
    on_event: MessageCallback | None = None,
    on_telemetry: MessageCallback | None = None,
    on_state: Callable[[ControllerState], object] | None = None,
    command_observers: Iterable[LineObserver] = (),
    telemetry_observers: Iterable[LineObserver] = (),
    on_refused: "Callable[[HubRefusedError], object] | None" = None,
) -> "CellControllerService | RemoteController":
    """Return the controller, through the hub or through its ports."""
    settings = hub_settings(options)
    log = logging.getLogger("m2com")
    if settings is None:
        return CellControllerService(
            options["host"],
            options["command-port"],
            options["telemetry-port"],
            on_event=on_event,
            on_telemetry=on_telemetry,
            on_state=on_state,
            command_observers=command_observers,
            telemetry_observers=telemetry_observers,
            log=log,
            reactor=reactor,
        )
    from twisted.internet.interfaces import IReactorFromThreads

    from ..hub import RemoteController

    return RemoteController(
        settings,
        on_event=on_event,
        on_telemetry=on_telemetry,
        on_state=on_state,
        command_observers=command_observers,
        telemetry_observers=telemetry_observers,
        on_refused=on_refused,
        log=log,
        reactor=IReactorFromThreads(reactor),
    )


def obstacle_of(link: "CellControllerService | RemoteController") -> str:
    """Return what is missing on the hub, in words.  Empty without a hub."""
    return "" if isinstance(link, CellControllerService) else link.obstacle


def address(options: Mapping[str, Any]) -> str:
    """Return the address of the controller, for messages."""
    settings = hub_settings(options)
    if settings is not None:
        return f"{settings.instance} on the hub {', '.join(settings.urls)}"
    return f"{options['host']}:{options['command-port']} and :{options['telemetry-port']}"
