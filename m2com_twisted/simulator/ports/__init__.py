"""The two TCP ports of the simulated controller, and what can go wrong there."""
