"""``m2com hub``."""

import enum

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.python import usage

from ..errors import M2ComError, NotConnectedError
from ..support.quantities import duration, size
from .hub_options import HUB_PARAMETERS, hub_settings
from .subcommand import Subcommand
from .terminal import Terminal

__all__ = ["HubExitCode", "HubOptions"]

_ACTIONS = ("setup", "check")

# Seconds for all requests to the hub.
_TIMEOUT = 10.0

_MOST_REPLICAS = 5


class HubExitCode(enum.IntEnum):
    """The exit codes of ``m2com hub``."""

    DONE = 0
    #: ``hub check``: a stream is missing or differs.  Also: the command line is wrong.
    DIFFERS = 1
    NO_CONNECTION = 2
    #: The hub reported an error, or was lost.
    HUB_ERROR = 3


def _replicas(text: str) -> int:
    """Parse a number of copies."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_REPLICAS):
        raise ValueError(f"takes a number from 1 to {_MOST_REPLICAS}, not {text!r}")
    return int(text)


def _size_or_none(text: str) -> int:
    """Parse a size.  ``none`` means no limit."""
    return -1 if text == "none" else size(text)


class HubOptions(Subcommand):
    """Options of ``m2com hub``."""

    synopsis = "Usage: m2com hub setup|check --hub URL [options]"
    longdesc = """Create the streams of an instance on the hub with a given retention, or check
    their settings.  A service creates missing streams by itself.  This command is for other
    retentions, and for a hub where services are not permitted to create streams.  setup changes
    only what is given, and check compares only what is given.  The exit code is 0 for success,
    1 if check finds that a stream is missing or differs, and for a wrong command line, 2 for no
    connection, 3 if the hub reported an error."""
    example = "m2com hub setup --hub nats://hub.example --events 7d --telemetry 6h --replicas 3"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        *HUB_PARAMETERS,
        ["events", None, None, "How long events are kept, such as 7d; a new stream: 1d.", duration],
        ["telemetry", None, None, "How long telemetry is kept; a new stream: 1h.", duration],
        [
            "telemetry-size",
            None,
            None,
            "Largest size of stored telemetry, such as 20GB, or none; a new stream: none.",
            _size_or_none,
        ],
        [
            "replicas",
            None,
            None,
            "Number of servers of the cluster that store a copy; a new stream: 1.",
            _replicas,
        ],
    ]
    optFlags = [["verbose", "v", "Also log details for developers."]]  # noqa: RUF012

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if len(arguments) != 1 or arguments[0] not in _ACTIONS:
            raise usage.UsageError("hub takes setup or check")
        self["action"] = arguments[0]

    def postOptions(self) -> None:
        """Override."""
        if self["hub"] is None:
            raise usage.UsageError("hub needs --hub: where it is")
        hub_settings(self)

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
        from ..hub import NotPermittedError

        try:
            lines = await self._lines(reactor)
        except NotConnectedError as error:
            terminal.show_error(error)
            return HubExitCode.NO_CONNECTION
        except NotPermittedError as error:
            what = "read the streams" if self["action"] == "check" else "change streams"
            terminal.show_error(f"this user may not {what}. {error}")
            return HubExitCode.HUB_ERROR
        except M2ComError as error:
            terminal.show_error(error)
            return HubExitCode.HUB_ERROR
        for line in lines:
            terminal.say(line)
        if not lines:
            terminal.say("All streams are as they should be.")
        is_check = self["action"] == "check"
        return HubExitCode.DIFFERS if is_check and lines else HubExitCode.DONE

    async def _lines(self, reactor: IReactorTime) -> list[str]:
        """Do the work, and return the changes of ``setup`` or the problems of ``check``."""
        settings = hub_settings(self)
        if settings is None:
            raise usage.UsageError("hub needs --hub: where it is")
        from ..hub import Retention, check_streams, run_once, set_up_streams

        retention = Retention(
            events=self["events"],
            telemetry=self["telemetry"],
            telemetry_bytes=self["telemetry-size"],
            replicas=self["replicas"],
        )
        work = check_streams if self["action"] == "check" else set_up_streams
        return await run_once(
            settings,
            work(settings.subjects, retention),
            reactor=IReactorFromThreads(reactor),
            timeout=_TIMEOUT,
        )
