"""The words of the protocol: enumerations, faults, port numbers."""
