"""Commands that set up the controller, and those about errors and scripts.

Source: protocol, sections 4 and 9.
"""

from collections.abc import Iterator

from . import events
from .command import CommandTable, Step
from .model import Model
from .power_commands import interlock

__all__ = ["COMMANDS"]

COMMANDS = CommandTable()


@COMMANDS.register("clearErrors")
def clear_errors(model: Model) -> Iterator[Step]:
    """Forget errors, warnings and limit switches; causes still there come again."""
    model.faults.clear()
    yield events.summary_faults_status(0)
    yield events.digital_input(model.power.input)
    yield events.digital_output(model.power.output)
    yield interlock(model)
