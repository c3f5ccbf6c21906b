"""``m2com send``."""

import enum
import json
import logging
import math
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..catalogue.commands import BY_NAME
from ..commands.outcome import CommandOutcome
from ..errors import (
    CommandError,
    CommandFailed,
    CommandRejected,
    ConnectFailedError,
    NotConnectedError,
)
from ..tcp_client import TcpClient
from ..wire.codec import Message
from .assignments import command_class, command_from
from .command_help import help_of, list_of_commands
from .hub_options import hub_settings
from .hub_sending import HubSending
from .subcommand import ControllerSubcommand, finish
from .terminal import Terminal

__all__ = ["SendExitCode", "SendOptions"]


class SendExitCode(enum.IntEnum):
    """The exit codes of ``m2com send``."""

    SUCCESS = 0
    #: 1 is the exit code for a wrong command line.
    NO_CONNECTION = 2
    REJECTED = 3
    FAILED = 4
    UNKNOWN = 5
    #: With ``--no-wait``: the command was acknowledged, and its result is not known yet.
    ACKNOWLEDGED = 6


class SendOptions(ControllerSubcommand):
    """Options of ``m2com send``."""

    synopsis = "Usage: m2com send COMMAND [parameter=value ...] [options]"
    longdesc = """Check a command, send it, and wait until the controller has executed it, or with
    --no-wait until the controller has acknowledged it.  A parameter that is not given has its
    default.  A value may be a number, 0x and hexadecimal digits, true or false, on or off, the
    name of a member of an enumeration or of an actuator, a list with commas, or @FILE for the
    JSON in a file.  "m2com send --help COMMAND" describes one command.  The exit code is 0 for
    success, 1 for a wrong command line, 2 for no connection, 3 if the command was rejected, 4 if
    it failed, 5 if its outcome is unknown, 6 if it was acknowledged and --no-wait was given.  For
    Ctrl-C it is 130 before the command was sent, and 5 after that."""
    example = "m2com send positionMirror x=1 z=-2.5"
    # Errors are not logged, because the outcome is shown.
    log_level = logging.CRITICAL
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["wait", "w", "Wait until the controller has executed it (the default)."],
        ["no-wait", None, "Wait only until the controller has acknowledged it."],
    ]
    optParameters = [  # noqa: RUF012
        ["timeout", None, 60.0, "Seconds to wait for the controller's answer.", float],
    ]

    def parse(self, options: Sequence[str] | None) -> None:
        """Override: let ``--help COMMAND`` describe that command."""
        found, arguments = self.split(options)
        if arguments and ("--help", "") in found:
            print(help_of(command_class(arguments[0])))
            raise SystemExit(0)
        super().parse(options)

    def getUsage(self, width: int | None = None) -> str:
        """Override: list the commands."""
        return f"{super().getUsage(width)}\nCommands:\n{list_of_commands()}\n"

    def parseArgs(self, *arguments: str) -> None:
        """Override: take the command and its parameters, and check them."""
        if not arguments:
            raise usage.UsageError("send takes a command: one of " + ", ".join(sorted(BY_NAME)))
        self["command"], *assignments = arguments
        self["details"] = command_from(self["command"], assignments).details()

    def postOptions(self) -> None:
        """Override: check the options."""
        if self["wait"] and self["no-wait"]:
            raise usage.UsageError("--wait and --no-wait exclude each other")
        if self["no-wait"] and self["hub"] is not None:
            raise usage.UsageError("--no-wait cannot be used with --hub: it reports only results")
        if not 0 < self["timeout"] < math.inf:
            raise usage.UsageError("--timeout must be a number of seconds greater than 0")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override: send the command, and return the exit code."""
        self.log_to(terminal)
        settings = hub_settings(self)
        sending: _Sending | HubSending
        if settings is None:
            sending = _Sending(self, reactor, terminal)
        else:
            sending = HubSending(self, settings, reactor, terminal)
        try:
            return await sending.run()
        except CancelledError:
            if not (what_may_follow := sending.interrupted()):
                raise
            terminal.show_error(f"sent; outcome unknown; {what_may_follow}")
            return SendExitCode.UNKNOWN
        except (ConnectFailedError, NotConnectedError) as error:
            terminal.show_error(error)
            return SendExitCode.NO_CONNECTION
        except CommandRejected as error:
            terminal.show_error(error)
            return SendExitCode.REJECTED
        except CommandFailed as error:
            terminal.show_error(error)
            return SendExitCode.FAILED
        except CommandError as error:
            terminal.show_error(f"{error}{sending.hint()}")
            return SendExitCode.UNKNOWN


class _Sending:
    """Sends one command over its own connection."""

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
        self._is_finished = False

    async def run(self) -> int:
        """Send the command and show its outcome."""
        await self._client.connect()
        try:
            outcome = await self._send()
        except CancelledError:
            if not self._is_enough:
                raise
            self._show("not waiting for the result")
        else:
            self._show_acknowledged(outcome.ack_latency)
            self._show(f"succeeded after {1000 * outcome.latency:.1f} ms")
            self._is_finished = True
        finally:
            await finish(self._client.close)
        return SendExitCode.SUCCESS if self._is_finished else SendExitCode.ACKNOWLEDGED

    def _send(self) -> Deferred[CommandOutcome]:
        name, details = self._options["command"], self._options["details"]
        timeout = self._options["timeout"]
        self._show(f"> {name} {json.dumps(details)}")
        command = self._client.run_command(name, details, ack_timeout=timeout, timeout=timeout)
        self._running = Deferred.fromCoroutine(command)
        # Set after the command is written.  Otherwise the time shown for the acknowledgement
        # could be longer than the time for the success.
        self._sent_at = self._reactor.seconds()
        return self._running

    @property
    def _is_enough(self) -> bool:
        """Whether the acknowledgement came and nothing else is awaited."""
        return self._acknowledged and self._options["no-wait"]

    def interrupted(self) -> str:
        """Return what an interrupted command may still do.  Empty if it was not sent."""
        return "" if self._running is None else "it may still be executed"

    def hint(self) -> str:
        """Return a hint to the cause if the controller has never sent anything."""
        if self._client.stats.bytes:
            return ""
        return " Nothing was received: another client may hold the port, which serves only one."

    def _received(self, message: Message) -> None:
        """Show the acknowledgement of the command."""
        mine = message.get("sequence_id") == self._client.last_sequence_id
        if message.get("id") == "ack" and mine:
            self._show_acknowledged(self._reactor.seconds() - self._sent_at)
            if self._is_enough and self._running is not None:
                self._running.cancel()

    def _show_acknowledged(self, latency: float | None) -> None:
        """Show once that the command was acknowledged.

        The success may be known before the ack is delivered, or come without an ack.
        """
        if latency is not None and not self._acknowledged:
            self._acknowledged = True
            self._show(f"acknowledged after {1000 * latency:.1f} ms")
