"""The simulated controller without its network."""
