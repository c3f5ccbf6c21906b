"""The parts of one client, and how they are put together."""
