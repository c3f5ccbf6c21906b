"""Tests on the real reactor, with loopback sockets."""
