"""The service as a program: ``twistd m2com`` and ``twist m2com``."""

import importlib
import logging
import os
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import NoReturn, Protocol

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.python import usage

from .codec import Message
from .log_carrier import LogCarrier
from .options import ControllerOptions
from .recording import Recorder
from .service import CellControllerService

__all__ = ["MessageHandler", "Options", "Program", "makeService"]


_HANDLER_HELP = (
    "package.module:object whose coroutines event(message=...) and telemetry(message=...) "
    "take what arrives."
)
_METRICS_HELP = (
    "Where to serve metrics to Prometheus, under /metrics: a strport such as "
    "tcp:9100:interface=127.0.0.1."
)


class MessageHandler(Protocol):
    """What ``--handler`` names."""

    async def event(self, message: Message) -> None:
        """Take a message of the command port."""

    async def telemetry(self, message: Message) -> None:
        """Take a message of the telemetry port."""


class Options(ControllerOptions):
    """What the service can be told on the command line."""

    synopsis = "[options]"
    longdesc = "Stay connected to the cell controller of the secondary mirror (M2)."
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["handler", None, None, _HANDLER_HELP],
        ["record", None, None, "Directory to record what arrives in, as JSON lines."],
        ["metrics", None, None, _METRICS_HELP],
    ]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: twistd would print all help for a wrong option, and exit with 0."""
        try:
            usage.Options.parseOptions(self, options)
        except usage.UsageError as error:
            _refuse(str(error))


class Program(MultiService):
    """All that runs, and its log lines in Twisted's log.

    Parameters
    ----------
    log_carrier
        Carries the log lines, those of the stopping included.
    """

    def __init__(self, log_carrier: LogCarrier) -> None:
        MultiService.__init__(self)
        self._log_carrier = log_carrier

    def startService(self) -> None:
        """Override."""
        self._log_carrier.start()
        MultiService.startService(self)

    def stopService(self) -> Deferred[None]:
        """Override."""

        def stopped(result: object) -> None:
            self._log_carrier.stop()

        stopping: Deferred[list[object]] = MultiService.stopService(self)
        return stopping.addCallback(stopped)


def makeService(options: Options) -> IService:
    """Return what twistd is to run.

    Raises
    ------
    SystemExit
        With a line that says so, if an option cannot be followed.
    """
    log = logging.getLogger("m2com")
    level = logging.DEBUG if options["verbose"] else logging.INFO
    program: MultiService = Program(LogCarrier(log, level))
    recorder = _recorder(options["record"], log) if options["record"] else None
    handler = _handler(options["handler"]) if options["handler"] else None
    controller = CellControllerService(
        options["host"],
        options["command-port"],
        options["telemetry-port"],
        on_event=None if handler is None else handler.event,
        on_telemetry=None if handler is None else handler.telemetry,
        on_arrival=None if recorder is None else recorder.record,
        log=log,
    )
    # Stopped in the reverse order: nothing arrives any more when the recorder
    # writes what it has.
    if recorder is not None:
        program.addService(recorder)
    program.addService(controller)
    if options["metrics"]:
        program.addService(_metrics(options["metrics"], controller))
    return program


def _recorder(directory: str, log: logging.Logger) -> Recorder:
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse(f"--record: {error}")
    if not os.access(directory, os.W_OK):
        _refuse(f"--record: {directory} cannot be written to")
    return Recorder(directory, log=log)


def _handler(name: str) -> MessageHandler:
    """Return the object that ``package.module:object`` names."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        _refuse(f"--handler takes package.module:object, not {name}")
    try:
        handler: MessageHandler = attrgetter(attribute)(importlib.import_module(module_name))
    except Exception as error:
        _refuse(f"--handler {name} cannot be imported: {type(error).__name__}: {error}")
    for method in ("event", "telemetry"):
        if isinstance(handler, type) or not callable(getattr(handler, method, None)):
            _refuse(f"--handler {name} is no object with the coroutines event and telemetry")
    return handler


def _metrics(description: str, controller: CellControllerService) -> IService:
    """Return the service that serves the metrics."""
    from twisted.application import strports
    from twisted.internet import reactor

    try:
        from .metrics import ControllerCollector, metrics_site
    except ImportError as error:
        _refuse(f"--metrics needs the extra 'metrics' of m2com_twisted: {error}")
    collector = ControllerCollector(lambda: (controller.state, controller.stats), reactor.seconds)
    try:
        service: IService = strports.service(description, metrics_site(collector))
    except (TypeError, ValueError) as error:
        _refuse(f"--metrics {description} is no strport: {error}")
    return service


def _refuse(reason: str) -> NoReturn:
    """End with one line; twistd would show a traceback, or all of its help."""
    raise SystemExit(f"m2com: {reason}")
