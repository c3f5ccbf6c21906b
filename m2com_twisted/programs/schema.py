"""``m2com schema``."""

import difflib
import json

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage

from ..catalogue.schemas import MESSAGES, schema
from .subcommand import Subcommand
from .terminal import Terminal

__all__ = ["SchemaOptions"]


class SchemaOptions(Subcommand):
    """Options of ``m2com schema``."""

    synopsis = "Usage: m2com schema [MESSAGE]"
    longdesc = """Print the JSON Schema of a command, an event, a telemetry topic or a feed, given
    by its name or its id.  Without a name, print the schemas of all messages in one object."""
    example = "m2com schema powerSystemState"

    def parseArgs(self, *arguments: str) -> None:
        """Override."""
        if len(arguments) > 1:
            raise usage.UsageError("schema takes one message")
        self["message"] = arguments[0] if arguments else None
        try:
            self["schema"] = (
                schema(arguments[0]) if arguments else {name: schema(name) for name in MESSAGES}
            )
        except KeyError as error:
            similar = difflib.get_close_matches(arguments[0], MESSAGES, n=1)
            hint = f"; did you mean {similar[0]}?" if similar else ""
            raise usage.UsageError(f"there is no message {arguments[0]!r}{hint}") from error

    async def run(self, reactor: IReactorTime, terminal: Terminal) -> int:
        """Override."""
        for line in json.dumps(self["schema"], indent=2).split("\n"):
            terminal.say(line)
        return 0
