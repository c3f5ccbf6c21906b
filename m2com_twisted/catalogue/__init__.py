"""The messages and names of the protocol, each defined once.

The catalogue contains commands, feeds, events and telemetry as typed classes with units and
ranges.  It also contains the enumerations, faults and port numbers, and the names of the
actuators and other devices.
"""
