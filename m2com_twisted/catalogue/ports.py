"""The numbers of the controller's TCP ports.

Source: :ref:`protocol-transport`.
"""

__all__ = ["COMMAND_PORT", "TELEMETRY_PORT"]

#: Port of commands and events, for the commandable component.
COMMAND_PORT = 50000

#: Port of telemetry, for the commandable component.
TELEMETRY_PORT = 50001
