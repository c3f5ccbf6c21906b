"""A table of commands on a Clock."""

import logging

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from m2com_twisted import CommandOutcome
from m2com_twisted.commands.table import CommandTable
from m2com_twisted.support.log import NamedLog
from tests.support.lines import status


class Table:
    """A table on a clock.  The commands are named after their ids."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.commands = CommandTable(self.clock, NamedLog(logging.getLogger("table"), "m2"))

    def add(
        self, sequence_id: int, ack_timeout: float = 10.0, timeout: float = 60.0
    ) -> Deferred[CommandOutcome]:
        """Add a command that is sent now."""
        now = self.clock.seconds()
        return self.commands.add(
            f"c{sequence_id}", sequence_id, ack_by=now + ack_timeout, finish_by=now + timeout
        )

    def reply(self, *replies: tuple[str, int]) -> None:
        """Receive statuses."""
        for name, sequence_id in replies:
            self.commands.status_received(status(name, sequence_id))

    def end(self) -> None:
        """Lose the connection, and check that no delayed call is left."""
        self.commands.connection_lost()
        assert len(self.commands) == 0
        assert not self.clock.getDelayedCalls()
