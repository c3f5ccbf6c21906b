"""The messages and names of the protocol, each defined once.

It has commands, feeds, events and telemetry as typed classes with units and ranges.  It also
has the enumerations, faults and port numbers, and the actuators and other devices by name.
"""
