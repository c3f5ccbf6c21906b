"""What every other package needs: log lines, counters, the reactor."""
