"""The telemetry port, which sends all measurements 20 times a second.

Source: :ref:`protocol-messages`, :ref:`protocol-telemetry`, :ref:`protocol-lifetime`.
"""

import logging

from ..model.model import Model
from .connection import Connection
from .inbound import InboundError, OversizeLine, ReceivedMessages, elevation_told, parse
from .port_factory import PortFactory
from .telemetry_lines import TelemetryLines

__all__ = ["TelemetryPort"]


class TelemetryPort:
    """Sends telemetry, and receives the measurements of the telescope mount.

    Parameters
    ----------
    model, received, log
        The objects of the controller.
    factory
        The factory of the port.
    """

    def __init__(
        self, model: Model, received: ReceivedMessages, log: logging.Logger, factory: PortFactory
    ) -> None:
        self._model = model
        self._received = received
        self._log = log
        self._factory = factory
        self._lines = TelemetryLines(model)

    def send_telemetry(self) -> None:
        """Send the messages of one cycle to the client in one write, if there is a client."""
        client = self._factory.client
        if client is not None:
            client.check_reading()
            client.write(self._lines.cycle())

    def client_connected(self, connection: Connection) -> None:
        """Log the connection.  This port sends no welcome."""
        self._log.info("Telemetry client connected from %s.", connection.peer)

    def client_lost(self, connection: Connection) -> None:
        """Accept the next client."""
        self._log.info("Telemetry client at %s left.", connection.peer)
        self._factory.forget(connection)

    def line_received(self, connection: Connection, line: bytes | OversizeLine) -> None:
        """Take telemetry of another component."""
        try:
            message = parse(line)
            if message is not None:
                self._received.append(message, len(line))
                elevation = elevation_told(message, self._model.as_original)
                if elevation is not None:
                    self._model.tell_elevation(elevation)
        except InboundError as error:
            self._log.warning("Ignored a line from %s: %s", connection.peer, error)

    def client_ready(self, connection: Connection) -> None:
        """Do nothing, because the next cycle follows anyway."""
