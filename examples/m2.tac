"""The controller as a twistd application.

    twistd -ny m2.tac

M2_HOST, M2_COMMAND_PORT and M2_TELEMETRY_PORT are its address.  The default is this machine.
"""

import logging
import os

from twisted.application.service import Application
from twisted.logger import Logger

from m2com_twisted import CellControllerService
from m2com_twisted.programs.log_carrier import LogCarrier

log = Logger("m2")

# The library logs to the standard library's logging, which twistd does not show.
LogCarrier(logging.getLogger("m2com")).start()


async def on_event(message):
    if message["id"] == "powerSystemState":
        log.info("power {powerType}: {status}", **message)


async def on_state(state):
    log.info("both up: {both_up}", both_up=state.both_up)


controller = CellControllerService(
    os.environ.get("M2_HOST", "127.0.0.1"),
    int(os.environ.get("M2_COMMAND_PORT", "50000")),
    int(os.environ.get("M2_TELEMETRY_PORT", "50001")),
    on_event=on_event,
    on_state=on_state,
    log=logging.getLogger("m2com"),
)

application = Application("m2")
controller.setServiceParent(application)
