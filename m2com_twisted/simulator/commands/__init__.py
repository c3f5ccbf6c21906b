"""The commands of the simulated controller."""
