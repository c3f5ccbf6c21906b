"""The smallest program that publishes telemetry as ours does: the opponent of our publisher.

It has the same thread, subjects and headers, and uses nats-py in the plainest way.  It has no
limit, no events, no heartbeat, and does not survive an outage.
"""

import asyncio
import threading
import time
from collections import deque
from typing import Any

import nats
from twisted.internet.interfaces import IReactorTime

from m2com_twisted.client.observers import LineObserver
from m2com_twisted.hub.subjects import RECEIVED, SEQUENCE, SOURCE

__all__ = ["SmallestPublisher"]


class SmallestPublisher(LineObserver):
    """Line observer that publishes the lines of the telemetry port.

    Parameters
    ----------
    url
        Where the hub is.
    reactor
        Tells when the lines that came together are all here.
    """

    def __init__(self, url: str, reactor: IReactorTime) -> None:
        self._url = url
        self._reactor = reactor
        self._waiting: deque[tuple[int, bytes, str]] = deque()
        self._is_awake = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def start(self) -> None:
        """Connect in a thread.  It ends with the process."""
        threading.Thread(target=lambda: asyncio.run(self._publish()), daemon=True).start()

    def received(self, line: bytes, message: dict[str, Any]) -> None:
        self._waiting.append((time.time_ns(), line, message["id"]))
        if not self._is_awake:
            self._is_awake = True
            self._reactor.callLater(0, self._wake_thread)

    def _wake_thread(self) -> None:
        if self._loop is not None and self._wake is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _publish(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        client = await nats.connect(self._url)
        number = 0
        while True:
            self._is_awake = False
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                received, line, topic = self._waiting.popleft()
                number += 1
                headers = {
                    RECEIVED: str(received),
                    SOURCE: "main-telemetry",
                    SEQUENCE: str(number),
                    "Nats-Msg-Id": f"main-telemetry:{number}",
                }
                await client.publish(f"m2.main.tel.{topic}", line, headers=headers)
