"""A server with streams of asyncio, as in the tests of the original."""

import asyncio
import json
from typing import Any


class LineServer:
    """Accepts clients and keeps the messages that they send."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.port = 0
        self._client: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "LineServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._client.put_nowait(writer)
        while line := await reader.readline():
            self.received.put_nowait(json.loads(line))
        writer.close()

    async def client(self) -> asyncio.StreamWriter:
        """Wait for the next client, and return the stream for writing to it."""
        return await self._client.get()


def write(writer: asyncio.StreamWriter, *messages: dict[str, Any]) -> None:
    """Write messages as lines."""
    writer.write(b"".join(json.dumps(message).encode() + b"\r\n" for message in messages))
