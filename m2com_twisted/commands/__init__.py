"""Commands that were sent, and the answers they get."""
