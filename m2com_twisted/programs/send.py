"""``m2com send``."""

import difflib
import enum
import json
import logging
import math
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..commands.outcome import CommandOutcome
from ..errors import (
    BadLineError,
    CommandError,
    CommandFailed,
    CommandRejected,
    ConnectFailedError,
    NotConnectedError,
)
from ..simulator.commands.command import Command
from ..simulator.commands.parameters import CommandRefusedError, Parameter
from ..simulator.commands.table import COMMANDS
from ..tcp_client import TcpClient
from ..wire.codec import Message, decode
from .subcommand import ControllerSubcommand
from .terminal import Terminal

__all__ = ["Outcome", "SendOptions", "command_details"]

# What a parameter is that is not given, where that is a matter of course: a
# position says where the mirror is to be, relative to its home, and commands
# of the observatory's control system leave at 0 what they do not name.
_DEFAULTS = {"positionMirror": dict.fromkeys(("x", "y", "z", "xRot", "yRot", "zRot"), 0.0)}


class Outcome(enum.IntEnum):
    """The exit codes of ``m2com send``."""

    SUCCESS = 0
    #: 1 is that of a wrong command line.
    NO_CONNECTION = 2
    REJECTED = 3
    FAILED = 4
    UNKNOWN = 5


class SendOptions(ControllerSubcommand):
    """Its options."""

    synopsis = "Usage: m2com send COMMAND [parameter=value ...] [options]"
    longdesc = """Send a command, once it is known to have the parameters it needs, and wait
    until the controller acknowledges it, or with --wait until it is done.  A value is JSON
    where it reads as such, text otherwise.  The exit code is 0 for success, 1 for a wrong
    command line, 2 for no connection, 3 if the command was rejected, 4 if it failed, 5 if its
    outcome is unknown."""
    example = "m2com send positionMirror x=1 z=-2.5 --wait"
    # What goes wrong is the outcome, which is shown anyway.
    log_level = logging.CRITICAL
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["wait", "w", "Wait until the controller has executed it."],
    ]
    optParameters = [  # noqa: RUF012
        ["timeout", None, 60.0, "Seconds to wait for the controller's answer.", float],
    ]

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if not arguments:
            raise usage.UsageError("send takes a command: one of " + ", ".join(sorted(COMMANDS)))
        self["command"], *assignments = arguments
        self["details"] = command_details(self["command"], assignments)

    def postOptions(self) -> None:
        """Override."""
        if not 0 < self["timeout"] < math.inf:
            raise usage.UsageError("--timeout must be a number of seconds greater than 0")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        sending = _Sending(self, reactor, terminal)
        try:
            return await sending.run()
        except (ConnectFailedError, NotConnectedError) as error:
            terminal.complain(error)
            return Outcome.NO_CONNECTION
        except CommandRejected as error:
            terminal.complain(error)
            return Outcome.REJECTED
        except CommandFailed as error:
            terminal.complain(error)
            return Outcome.FAILED
        except CommandError as error:
            terminal.complain(f"{error}{sending.hint()}")
            return Outcome.UNKNOWN


class _Sending:
    """One command on its way."""

    def __init__(self, options: SendOptions, reactor: IReactorTime, terminal: Terminal) -> None:
        self._options = options
        self._reactor = reactor
        self._show = terminal.say
        self._client = TcpClient(
            options["host"],
            options["command-port"],
            self._received,
            log=logging.getLogger("m2com"),
            name="command",
            reactor=reactor,
            retry_policy=None,
        )
        self._running: Deferred[CommandOutcome] | None = None
        self._sent_at = 0.0
        self._acknowledged = False

    async def run(self) -> int:
        """Send the command and show what becomes of it."""
        await self._client.connect()
        try:
            outcome = await self._send()
        except CancelledError:
            if not self._is_enough:
                raise
        else:
            self._show_acknowledged(outcome.ack_latency)
            self._show(f"succeeded after {1000 * outcome.latency:.1f} ms")
        finally:
            await self._client.close()
        return Outcome.SUCCESS

    def _send(self) -> Deferred[CommandOutcome]:
        name, details = self._options["command"], self._options["details"]
        timeout = self._options["timeout"]
        self._show(f"> {name} {json.dumps(details)}")
        command = self._client.run_command(name, details, ack_timeout=timeout, timeout=timeout)
        self._running = Deferred.fromCoroutine(command)
        # Not before the writing, or it would be acknowledged later than it succeeds.
        self._sent_at = self._reactor.seconds()
        return self._running

    @property
    def _is_enough(self) -> bool:
        """Whether nothing more is waited for."""
        return self._acknowledged and not self._options["wait"]

    def hint(self) -> str:
        """Return what a connection on which nothing ever came is a sign of."""
        if self._client.stats.bytes:
            return ""
        return " Nothing was received: another client may hold the port, which serves only one."

    def _received(self, message: Message) -> None:
        """Show that the command is acknowledged, as soon as it is."""
        mine = message.get("sequence_id") == self._client.last_sequence_id
        if message.get("id") == "ack" and mine:
            self._show_acknowledged(self._reactor.seconds() - self._sent_at)
            if self._is_enough and self._running is not None:
                self._running.cancel()

    def _show_acknowledged(self, latency: float | None) -> None:
        """Show it once; success may be known before the message is delivered, or come without."""
        if latency is not None and not self._acknowledged:
            self._acknowledged = True
            self._show(f"acknowledged after {1000 * latency:.1f} ms")


def command_details(name: str, assignments: Sequence[str]) -> Message:
    """Return the parameters of a command, checked.

    Parameters
    ----------
    name
        Its name.
    assignments
        Its parameters, each as ``name=value``.

    Raises
    ------
    UsageError
        If there is no such command, or the parameters are not what it takes.
    """
    command = COMMANDS.get(name)
    if command is None:
        similar = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        raise usage.UsageError(f"there is no command {name!r}{hint}")
    details: Message = dict(_DEFAULTS.get(name, {}))
    given = [_assignment(text) for text in assignments]
    for key, value in given:
        if [key for key, _ in given].count(key) > 1:
            raise usage.UsageError(f"{name}: {key} is given twice")
        details[key] = value
    _check(command, details)
    return details


def _assignment(text: str) -> tuple[str, object]:
    """Read ``name=value``: JSON where it reads as such, text otherwise."""
    name, equals, value = text.partition("=")
    if not equals:
        raise usage.UsageError(f"a parameter is name=value, not {text!r}")
    try:
        return name, decode(b'{"value": %s}' % value.encode())["value"]
    except (BadLineError, UnicodeEncodeError, KeyError):
        return name, value


def _check(command: Command, details: Message) -> None:
    """Refuse what the controller would, and what it would misread."""
    parameters = {parameter.name: parameter for parameter in command.parameters}
    for name in details:
        if name not in parameters:
            takes = ", ".join(parameters) or "none"
            raise usage.UsageError(f"{command.name} has no parameter {name!r}; it takes {takes}")
    for parameter in parameters.values():
        if parameter.name in details:
            _check_value(command, parameter, details[parameter.name])
        elif not parameter.optional:
            raise usage.UsageError(
                f"{command.name}: {parameter.name} is missing ({parameter.kind}; "
                f"{parameter.meaning})"
            )


def _check_value(command: Command, parameter: Parameter, value: object) -> None:
    try:
        parameter.convert(value)
        # The controller takes anything but true for off, which is no reason to send it.
        if parameter.kind == "bool" and not isinstance(value, bool):
            raise CommandRefusedError("is not true or false")
    except CommandRefusedError as error:
        raise usage.UsageError(
            f"{command.name}: {parameter.name} {error}: {json.dumps(value)} "
            f"({parameter.kind}; {parameter.meaning})"
        ) from error
