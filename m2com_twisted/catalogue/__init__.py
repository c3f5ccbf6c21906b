"""The words of the protocol, each written once.

Commands, feeds, events and telemetry as typed classes with units and ranges; enumerations,
faults, port numbers; the actuators and other devices of the cell by name.
"""
