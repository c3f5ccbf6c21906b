"""The parts of one client, and their assembly."""
