"""``m2com watch``."""

import json
import math
from datetime import datetime, timedelta, timezone

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python import usage

from ..client.observers import LateLineObserver
from ..wire.codec import Message
from .field_path import FieldPath
from .hub_notices import HubNotices
from .hub_options import controller
from .subcommand import ControllerSubcommand, finish
from .terminal import Terminal

__all__ = ["WatchOptions"]

# Seconds over which --rate counts messages.
_RATE_INTERVAL = 1.0


class WatchOptions(ControllerSubcommand):
    """Options of ``m2com watch``."""

    synopsis = "Usage: m2com watch FIELD... [options]"
    longdesc = """Show values as they change, one line for each change, until Ctrl-C: fields of
    telemetry and events such as position.z or axialForce.measured[3], or a whole message by its
    id.  A missing value is shown as null."""
    example = "m2com watch position.z --hub nats://hub.example --json"
    optFlags = [  # noqa: RUF012 - Twisted's hook is a plain list
        ["json", "j", "Show JSON: utc, field, value."],
        ["rate", "r", "Show once a second how many messages came, instead of the values."],
        ["once", "1", "End when each field was shown once."],
    ]
    optParameters = [  # noqa: RUF012
        ["timeout", None, 0.0, "End with exit code 1 after so many seconds.", float],
    ]

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if not arguments:
            raise usage.UsageError("watch takes a field, such as position.z")
        try:
            self["fields"] = [FieldPath.parse(argument) for argument in arguments]
        except ValueError as error:
            raise usage.UsageError(str(error)) from error

    def postOptions(self) -> None:
        """Override."""
        if not 0 <= self["timeout"] < math.inf:
            raise usage.UsageError("--timeout must be a number of seconds")

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        watching = _Watching(self, terminal)
        notices = HubNotices(terminal.show_error, reactor)
        service = controller(
            self,
            reactor,
            command_observers=[watching],
            telemetry_observers=[watching],
            on_refused=notices.refused,
        )
        counting = LoopingCall(watching.show_rates)
        counting.clock = reactor
        service.startService()
        if self["rate"]:
            counting.start(_RATE_INTERVAL, now=False)
        if self["timeout"]:
            reactor.callLater(self["timeout"], watching.end, 1)
        try:
            return await notices.run(service, watching.ended)
        except CancelledError:
            return 0  # Ctrl-C, the usual end
        finally:
            if counting.running:
                counting.stop()
            await finish(service.stopService)


class _Watching(LateLineObserver):
    """Shows the fields, and stores the last shown value of each."""

    def __init__(self, options: WatchOptions, terminal: Terminal) -> None:
        self._options = options
        self._say = terminal.say
        self._fields: list[FieldPath] = options["fields"]
        self._shown: dict[str, str] = {}
        self._counts = dict.fromkeys((field.message_id for field in self._fields), 0)
        #: Fires with the exit code.
        self.ended: Deferred[int] = Deferred()

    def end(self, code: int) -> None:
        """End.  No effect after the first call."""
        if not self.ended.called:
            self.ended.callback(code)

    def received(self, line: bytes, message: Message) -> None:
        """Override."""
        self._take(message, 0.0)

    def received_late(self, line: bytes, message: Message, age: float) -> None:
        """Override."""
        self._take(message, age)

    def _take(self, message: Message, age: float) -> None:
        """Show the fields of a message that have changed."""
        name = message.get("id")
        if name not in self._counts or self.ended.called:
            return
        self._counts[name] += 1
        for field in self._fields:
            if field.message_id == name:
                self._show(field, message, age)
        shows_values = not self._options["rate"]
        if self._options["once"] and shows_values and len(self._shown) == len(self._fields):
            self.end(0)

    def _show(self, field: FieldPath, message: Message, age: float) -> None:
        try:
            value = json.dumps(field.value(message))
        except LookupError:
            value = "null"
        if self._options["rate"] or self._shown.get(field.text) == value:
            return
        if self._options["once"] and field.text in self._shown:
            return
        self._shown[field.text] = value
        received_at = datetime.now(timezone.utc) - timedelta(seconds=age)
        utc = received_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._options["json"]:
            self._say(f'{{"utc": "{utc}", "field": {json.dumps(field.text)}, "value": {value}}}')
        else:
            self._say(f"{utc[11:23]}  {field.text} = {value}")

    def show_rates(self) -> None:
        """Show the number of messages since the last call."""
        for name, count in self._counts.items():
            self._counts[name] = 0
            if self._options["json"]:
                self._say(json.dumps({"id": name, "rate": count / _RATE_INTERVAL}))
            else:
                self._say(f"{name}: {count / _RATE_INTERVAL:.0f} messages/s")
        if self._options["once"]:
            self.end(0)
