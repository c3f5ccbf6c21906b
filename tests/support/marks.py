"""Marks for warnings that the tests do not cause."""

import pytest

__all__ = ["unbound_socket"]

#: Twisted 24.7 leaves a socket that it could not bind to the garbage collector.
unbound_socket = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
