"""``m2com hub``."""

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.python import usage

from .hub_options import HUB_PARAMETERS, hub_settings
from .quantities import duration, size
from .subcommand import Subcommand
from .terminal import Terminal

__all__ = ["HubOptions"]

_ACTIONS = ("setup", "check")

# Seconds for all requests to the hub.
_TIMEOUT = 10.0


class HubOptions(Subcommand):
    """Options of ``m2com hub``."""

    synopsis = "Usage: m2com hub setup|check --hub URL [options]"
    longdesc = """Create the streams of an instance on the hub with a given retention, or check
    their settings.  A service creates missing streams by itself.  This command is for other
    retentions, and for a hub where services are not permitted to create streams.  check ends with
    exit code 1 if anything differs."""
    example = "m2com hub setup --hub nats://hub.example --events 7d --telemetry 6h --replicas 3"
    optParameters = [  # noqa: RUF012 - Twisted's hook is a plain list
        *HUB_PARAMETERS,
        ["events", None, 86400.0, "How long events are kept, such as 24h or 7d.", duration],
        ["telemetry", None, 3600.0, "How long telemetry is kept.", duration],
        ["telemetry-size", None, None, "Largest size of stored telemetry, such as 20GB.", size],
        ["replicas", None, 1, "Number of servers of the cluster that store a copy.", int],
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
        if not 1 <= self["replicas"] <= 5:
            raise usage.UsageError("--replicas must be from 1 to 5")
        hub_settings(self)

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        self.log_to(terminal)
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
        is_check = self["action"] == "check"
        lines = await run_once(
            settings,
            (check_streams if is_check else set_up_streams)(settings.subjects, retention),
            reactor=IReactorFromThreads(reactor),
            timeout=_TIMEOUT,
        )
        for line in lines:
            terminal.say(line)
        if not lines:
            terminal.say("All streams are as they should be.")
        return 1 if is_check and lines else 0
