"""Tests without sockets and without real time."""
