"""Log lines, counters and access to the reactor, for all other packages."""
