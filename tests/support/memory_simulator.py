"""A simulated controller and its client in memory, on a Clock."""

import json
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection

from m2com_twisted.simulator import DEFAULT, CellController, Profile
from m2com_twisted.simulator.model.model import ServerKind
from m2com_twisted.simulator.ports.port_factory import PortFactory

Message = dict[str, Any]

ADDRESS = IPv4Address("TCP", "127.0.0.1", 50000)

#: Events that the controller may send in every cycle without a command.
UNASKED = ("m2AssemblyInPosition", "summaryFaultsStatus", "forceBalanceSystemStatus")


class Wire(StringTransportWithDisconnection):
    """A transport that records whether the connection was reset."""

    def __init__(self) -> None:
        StringTransportWithDisconnection.__init__(self, peerAddress=ADDRESS)
        self.aborted = False

    def abortConnection(self) -> None:
        """Record the call."""
        self.aborted = True
        StringTransportWithDisconnection.loseConnection(self)


class ClientEnd:
    """The client end of one connection to one port."""

    def __init__(self, factory: PortFactory) -> None:
        protocol = factory.buildProtocol(ADDRESS)
        assert protocol is not None
        self.protocol: Protocol = protocol
        # The type is Any because the testing module of Twisted has no annotations.
        self.transport: Any = Wire()
        self.transport.protocol = protocol
        self.transport.protocol.makeConnection(self.transport)

    def feed(self, data: bytes) -> None:
        """Let the controller receive bytes."""
        self.protocol.dataReceived(data)

    def take(self) -> list[Message]:
        """Return what the controller has sent since the last call."""
        data = self.transport.value()
        self.transport.clear()
        return [json.loads(line) for line in data.split(b"\r\n")[:-1]]

    @property
    def closed(self) -> bool:
        """Whether the controller has closed the connection."""
        return not self.transport.connected


#: The final replies to a command.
_FINAL = ("success", "fail", "noack")


def _without_id(message: Message) -> Message:
    return {key: value for key, value in message.items() if key != "sequence_id"}


class Console:
    """A controller, and a client that sends commands to it."""

    def __init__(self, profile: Profile = DEFAULT, seed: int = 1, kind: ServerKind = "CSC") -> None:
        self.clock = Clock()
        self.controller = CellController(profile=profile, kind=kind, seed=seed, clock=self.clock)
        self.model = self.controller.model
        self.controller.start_loops()
        self._next_id = 1
        self.commands = self.connect()
        self.welcome = self.commands.take()

    def connect(self) -> ClientEnd:
        """Connect to the command port."""
        return ClientEnd(self.controller.command_factory)

    def connect_telemetry(self) -> ClientEnd:
        """Connect to the telemetry port."""
        return ClientEnd(self.controller.telemetry_factory)

    def wait(self, seconds: float) -> list[Message]:
        """Let time pass.  Return the messages of the command port in this time."""
        self.clock.pump([0.001] * round(seconds * 1000))
        return self.commands.take()

    def post(self, name: str, **parameters: object) -> int:
        """Send a command.  Return its sequence id."""
        sequence_id, self._next_id = self._next_id, self._next_id + 1
        message = {"id": f"cmd_{name}", "sequence_id": sequence_id, **parameters}
        self.commands.feed(json.dumps(message).encode() + b"\r\n")
        return sequence_id

    def ask(self, name: str, **parameters: object) -> list[Message]:
        """Send a command.  Return the messages that come at once, without sequence ids."""
        self.commands.take()
        self.post(name, **parameters)
        return list(map(_without_id, self.commands.take()))

    def _conduct(self, name: str, **parameters: object) -> list[Message]:
        """Send a command.  Return all messages until its end, which may come up to 60 ms later."""
        answer = self.ask(name, **parameters)
        for _ in range(60):
            ends = [index for index, message in enumerate(answer) if message["id"] in _FINAL]
            if ends:
                return answer[: ends[0] + 1]
            self.clock.pump([0.001])
            answer += map(_without_id, self.commands.take())
        return answer

    def do(self, name: str, **parameters: object) -> list[Message]:
        """Send a command that must succeed.  Return its events."""
        answer = self._conduct(name, **parameters)
        assert answer[0] == {"id": "ack"}, answer
        assert answer[-1] == {"id": "success"}, answer
        return answer[1:-1]

    def fail(self, name: str, **parameters: object) -> list[Message]:
        """Send a command that must fail.  Return its events."""
        answer = self._conduct(name, **parameters)
        assert answer[0] == {"id": "ack"}, answer
        assert answer[-1] == {"id": "fail"}, answer
        return answer[1:-1]

    def power_up(self) -> None:
        """Switch both power systems on."""
        self.do("power", powerType=2, status=True)
        self.do("power", powerType=1, status=True)

    def close_loop(self) -> None:
        """Switch the power on and close the loop."""
        self.power_up()
        self.do("switchForceBalanceSystem", status=True)
