"""The service as a program: ``twistd m2com`` and ``twist m2com``."""

import importlib
import logging
import time
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python import usage

from ..catalogue.commands import BY_NAME
from ..errors import M2ComError
from ..service import CellControllerService
from ..support.clock import use_monotonic_clock
from ..support.switch_interval import shorten_switch_interval
from ..wire.codec import Message
from .extras import MissingExtraError, extra
from .hub_options import HUB_PARAMETERS, hub_settings
from .log_carrier import LogCarrier
from .options import ControllerOptions
from .record_options import KEEP_HELP, SEGMENT_HELP, new_recorder, size_or_duration
from .signals import stop_on_hangup

if TYPE_CHECKING:
    from ..hub import HubPublisher
    from ..recording import Recorder

__all__ = ["MessageHandler", "Options", "Program", "makeService"]


_HANDLER_HELP = (
    "package.module:object whose coroutines event(message=...) and telemetry(message=...) "
    "take what arrives."
)
_METRICS_HELP = (
    "Where to serve metrics to Prometheus, under /metrics: a strport such as "
    "tcp:9100:interface=127.0.0.1."
)
_HUB_COMMANDS_HELP = (
    "Commands that may be sent through the hub, with commas between them; by default none."
)


class MessageHandler(Protocol):
    """The object that the option ``--handler`` names."""

    async def event(self, message: Message) -> None:
        """Take a message of the command port."""

    async def telemetry(self, message: Message) -> None:
        """Take a message of the telemetry port."""


class Options(ControllerOptions):
    """Options of the service on the command line."""

    synopsis = "[options]"
    longdesc = "Stay connected to the cell controller of the secondary mirror (M2)."
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["handler", None, None, _HANDLER_HELP],
        ["record", None, None, "Directory to record in what passes, in the MCAP format."],
        ["record-keep", None, None, KEEP_HELP, size_or_duration],
        ["record-segment", None, None, SEGMENT_HELP, size_or_duration],
        ["metrics", None, None, _METRICS_HELP],
        *HUB_PARAMETERS,
        ["hub-commands", None, None, _HUB_COMMANDS_HELP],
    ]

    def postOptions(self) -> None:
        """Override: refuse empty values.  A script with an unset variable would pass them."""
        for name in ("handler", "record", "metrics"):
            if self[name] == "":
                raise usage.UsageError(f"--{name} is empty")
        for name in ("record-keep", "record-segment"):
            if self[name] is not None and self["record"] is None:
                raise usage.UsageError(f"--{name} is of no use without --record")
        if self["hub-commands"] is not None:
            if self["hub"] is None:
                raise usage.UsageError("--hub-commands is of no use without --hub")
            _check_commands(self["hub-commands"].split(","))
        hub_settings(self)


class Program(MultiService):
    """The services of the program, and their log lines in Twisted's log.

    Parameters
    ----------
    log_carrier
        Passes the log lines to the log of Twisted, until the program has stopped.
    """

    def __init__(self, log_carrier: LogCarrier) -> None:
        MultiService.__init__(self)
        self._log_carrier = log_carrier
        self._stop_handling_signals: Callable[[], None] = lambda: None

    def privilegedStartService(self) -> None:
        """Override: do nothing, because the ports are already open."""

    def startService(self) -> None:
        """Override."""
        self._log_carrier.start()
        from twisted.internet import reactor

        self._stop_handling_signals = stop_on_hangup(reactor)
        MultiService.startService(self)

    def stopService(self) -> Deferred[None]:
        """Override: stop the services one after the other, the last one first.

        In this order, a recorder also records the end of the connections.
        """
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for service in reversed(list(self)):
            await maybeDeferred(service.stopService)
        self._stop_handling_signals()
        self._log_carrier.stop()


def makeService(options: Options) -> IService:
    """Return the service that twistd runs.

    Raises
    ------
    SystemExit
        If an option is wrong.  The error is one line.
    """
    from twisted.internet import reactor

    use_monotonic_clock(reactor)
    shorten_switch_interval()
    log = logging.getLogger("m2com")
    level = logging.DEBUG if options["verbose"] else logging.INFO
    program: MultiService = Program(LogCarrier(log, level))
    recorder = _recorder(options, log) if options["record"] else None
    handler = _handler(options) if options["handler"] else None
    publisher = _publisher(options, log)
    observed = [observed for observed in (recorder, publisher) if observed is not None]
    controller = CellControllerService(
        options["host"],
        options["command-port"],
        options["telemetry-port"],
        on_event=None if handler is None else handler.event,
        on_telemetry=None if handler is None else handler.telemetry,
        command_observers=[one.observer("command") for one in observed],
        telemetry_observers=[one.observer("telemetry") for one in observed],
        log=log,
    )
    # The services are stopped in reverse order.  So no message arrives any more when the recorder
    # writes the rest.
    for observer in observed:
        program.addService(observer)
    if publisher is not None:
        publisher.take_over(controller.dial_now)
        if options["hub-commands"]:
            publisher.serve(controller.run_command, options["hub-commands"].split(","))
    program.addService(controller)
    # This is the last step, because it opens a port.  A later error would leave the port open.
    if options["metrics"]:
        program.addService(_metrics(options, controller, recorder))
    return program


def _recorder(options: Options, log: logging.Logger) -> "Recorder":
    try:
        return new_recorder(Path(options["record"]), options, log)
    except (M2ComError, OSError) as error:
        options.refuse(f"--record: {error}")


def _publisher(options: Options, log: logging.Logger) -> "HubPublisher | None":
    settings = hub_settings(options)
    if settings is None:
        return None
    from ..hub import HubPublisher

    return HubPublisher(settings, log=log)


def _check_commands(names: list[str]) -> None:
    """Refuse commands that do not exist."""
    for name in names:
        if name not in BY_NAME:
            raise usage.UsageError(f"--hub-commands: there is no command {name!r}")


def _handler(options: Options) -> MessageHandler:
    """Import and return the object ``package.module:object``."""
    name = options["handler"]
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        options.refuse(f"--handler takes package.module:object, not {name}")
    try:
        handler: MessageHandler = attrgetter(attribute)(importlib.import_module(module_name))
    except Exception as error:
        options.refuse(f"--handler {name} cannot be imported: {type(error).__name__}: {error}")
    for method in ("event", "telemetry"):
        if isinstance(handler, type) or not callable(getattr(handler, method, None)):
            options.refuse(f"--handler {name} is no object with the coroutines event and telemetry")
    return handler


def _metrics(
    options: Options, controller: CellControllerService, recorder: "Recorder | None"
) -> IService:
    """Return the service for the metrics, which is already listening.

    So a port in use is found before twistd becomes a daemon and writes its pid
    file.  Nothing must be undone, and the terminal can still show the error.
    """
    from twisted.application import strports

    description = options["metrics"]
    try:
        with extra("metrics", "--metrics"):
            from ..metrics import ControllerCollector, RecorderCollector, metrics_site
    except MissingExtraError as error:
        options.refuse(error)
    collectors: list[ControllerCollector | RecorderCollector] = [
        ControllerCollector(lambda: (controller.state, controller.stats), time.monotonic)
    ]
    if recorder is not None:
        collectors.append(RecorderCollector(lambda: recorder.stats))
    # Any error is caught.  Endpoints of other packages may raise anything, and those of
    # Twisted raise OverflowError for port 70000.
    try:
        service: IService = strports.service(description, metrics_site(*collectors))
    except Exception as error:
        options.refuse(f"--metrics {description} is no strport: {error}")
    try:
        service.privilegedStartService()
    except Exception as error:
        options.refuse(f"--metrics {description}: {error}")
    return service
