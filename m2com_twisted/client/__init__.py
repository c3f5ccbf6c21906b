"""The parts of one client: what arrives, what is sent, how it is put together."""
