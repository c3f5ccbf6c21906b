"""``m2com send`` through the hub."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime

from .hub_notices import HubNotices
from .subcommand import finish
from .terminal import Terminal

if TYPE_CHECKING:
    from ..hub import HubSettings

__all__ = ["HubSending"]


class HubSending:
    """Sends one command through the hub.

    Parameters
    ----------
    options
        ``command``, ``details`` and ``timeout``.
    settings
        Settings of the hub.
    reactor
        The reactor.
    terminal
        Terminal that shows the output.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        settings: "HubSettings",
        reactor: IReactorTime,
        terminal: Terminal,
    ) -> None:
        from ..hub import RemoteController

        self._options = options
        self._show = terminal.say
        self._end: datetime | None = None
        # A command can be sent as soon as there is a connection to the hub.
        self._notices = HubNotices(
            terminal.show_error, reactor, is_ready=lambda _: self._controller.is_on_hub
        )
        self._controller = RemoteController(
            settings,
            log=logging.getLogger("m2com"),
            reactor=IReactorFromThreads(reactor),
            on_refused=self._notices.refused,
        )

    async def run(self) -> int:
        """Send the command, show its outcome, and return the exit code of success."""
        name, details = self._options["command"], self._options["details"]
        from ..hub.caller import LONGEST_TIMEOUT

        timeout = min(self._options["timeout"], LONGEST_TIMEOUT)
        self._controller.startService()
        try:
            await self._notices.run(self._controller, self._controller.connected())
            self._show(f"> {name} {json.dumps(details)}")
            # One second more, because the time is shown without fractions.
            self._end = datetime.now(timezone.utc) + timedelta(seconds=timeout + 1.0)
            outcome = await self._controller.run_command(
                name, details, ack_timeout=timeout, timeout=timeout
            )
        finally:
            await finish(self._controller.stopService)
        if outcome.ack_latency is not None:
            self._show(f"acknowledged after {1000 * outcome.ack_latency:.1f} ms")
        self._show(f"succeeded after {1000 * outcome.latency:.1f} ms")
        return 0

    def interrupted(self) -> str:
        """Return what an interrupted command may still do.  Empty if it was not sent."""
        if self._end is None:
            return ""
        return f"it may still be executed until {self._end:%H:%M:%S} UTC"

    def hint(self) -> str:
        """Return an empty hint, because the error of the hub is complete."""
        return ""
