"""Twisted as it comes: LineReceiver, `json.loads`, a Deferred per message."""

import json
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from ..job import HOST, Job, Measurement, Meter
from . import Tasks
from .running import in_reactor, limit_reads

__all__ = ["TASKS"]


async def _ignore(message: dict[str, Any]) -> None:
    pass


class _Protocol(LineReceiver):
    MAX_LENGTH = 2**20

    def __init__(self) -> None:
        self.messages = 0
        self.lost: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        self.messages += 1
        Deferred.fromCoroutine(_ignore(message=json.loads(line)))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


async def _receive(job: Job) -> Measurement:
    limit_reads(job)
    protocol = await connectProtocol(TCP4ClientEndpoint(reactor, HOST, job.port), _Protocol())
    protocol.transport.write(job.request_line)
    meter = Meter()
    await protocol.lost
    return meter.read(protocol.messages)


TASKS: Tasks = {"receive": in_reactor(_receive)}
