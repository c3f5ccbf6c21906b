"""A kit for users' tests: with trial, with pytest-twisted, or with neither.

It does not import pytest.  The fixtures are in a plugin for pytest.
"""

from .bench import Bench, SocketBench
from .cases import MemoryTestCase, SocketTestCase
from .clock import VirtualClock
from .memory import MemoryPort
from .memory_bench import MemoryBench
from .message_log import MessageLog
from .mirror_bench import MirrorBench, slow_power
from .mirror_case import MirrorTestCase
from .scripted import Answer, ScriptedController

__all__ = [
    "Answer",
    "Bench",
    "MemoryBench",
    "MemoryPort",
    "MemoryTestCase",
    "MessageLog",
    "MirrorBench",
    "MirrorTestCase",
    "ScriptedController",
    "SocketBench",
    "SocketTestCase",
    "VirtualClock",
    "slow_power",
]
