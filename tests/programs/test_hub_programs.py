"""The programs with ``--hub``, as a person starts them."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import nats
import pytest

from tests.support.nats_server import NatsServer, needs_nats_server, running_server
from tests.support.programs import Program, script

pytestmark = needs_nats_server


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the programs run."""
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def simulator(directory: Path) -> Iterator[tuple[str, str]]:
    """Run a simulated controller; yield the options that lead to it."""
    with Program(script("m2com"), "simulate", "-c", "0", "-t", "0", cwd=directory) as program:
        found = program.wait_for(r":(\d+) and :(\d+)\.")
        yield found[1], found[2]


@pytest.fixture(scope="module")
def service(
    directory: Path, simulator: tuple[str, str], nats_server: NatsServer
) -> Iterator[Program]:
    """Run the service of the simulated controller."""
    ports = ["-c", simulator[0], "-t", simulator[1]]
    hub = ["--hub", nats_server.url, "--hub-commands", "power,clearErrors"]
    arguments = [script("twistd"), "-n", "--pidfile=", "m2com", *ports, *hub]
    with Program(*arguments, cwd=directory) as program:
        program.wait_for("Takes commands from the hub: clearErrors, power")
        # Without power there is no telemetry of forces.
        power = ["power", "powerType=1", "status=true"]
        assert run(directory, "send", *power, "--hub", nats_server.url)[0] == 0
        yield program


def run(directory: Path, *arguments: str) -> tuple[int, str]:
    """Run ``m2com`` to its end; return its exit code and what it said."""
    with Program(script("m2com"), *arguments, cwd=directory) as program:
        return program.wait(), program.output


@pytest.mark.usefixtures("service")
def test_watch_shows_a_value_once(directory: Path, nats_server: NatsServer) -> None:
    """`m2com watch --once` shows each value that was asked for, and ends."""
    hub = ["--hub", nats_server.url, "--once", "--json"]
    code, output = run(directory, "watch", "position.z", "axialForce.measured[3]", *hub)
    assert code == 0, output
    shown = {line["field"]: line["value"] for line in map(json.loads, output.splitlines())}
    assert set(shown) == {"position.z", "axialForce.measured[3]"}
    assert all(isinstance(value, float) for value in shown.values())


def publish_an_old_event(url: str, instance: str) -> None:
    """Put an event onto the hub that a service received an hour ago."""

    async def publish() -> None:
        client = await nats.connect(url)
        headers = {"M2-Received": str(time.time_ns() - 3600 * 10**9)}
        event = b'{"id": "interlock", "state": false}'
        await client.jetstream().publish(f"m2.{instance}.evt.interlock", event, headers=headers)
        await client.close()

    asyncio.run(publish())


def test_an_old_event_is_shown_with_its_own_time(directory: Path, nats_server: NatsServer) -> None:
    """The last value of an event has the time at which the service received it, everywhere."""
    hub = ["--hub", nats_server.url, "--instance", "old"]
    run(directory, "hub", "setup", *hub)
    publish_an_old_event(nats_server.url, "old")
    with Program(script("m2com"), "record", "hour", *hub, cwd=directory) as recording:
        recording.wait_for("Recording")
        code, output = run(directory, "watch", "interlock.state", "--once", "--json", *hub)
        assert code == 0, output
        recording.stop(signal.SIGINT)
    _, recorded = run(directory, "cat", "hour", "--topic", "interlock")
    for shown in output, recorded:
        line = next(line for line in shown.splitlines() if line.startswith("{"))
        utc = datetime.fromisoformat(json.loads(line)["utc"].replace("Z", "+00:00"))
        assert 3595 < (datetime.now(timezone.utc) - utc).total_seconds() < 3660
    with Program(script("m2com"), "monitor", "-n", "0.2", *hub, cwd=directory) as monitor:
        assert 3595 < float(monitor.wait_for(r"interlock +0\.0 +(\d+\.\d)")[1]) < 3660


@pytest.mark.usefixtures("service")
def test_watch_counts(directory: Path, nats_server: NatsServer) -> None:
    """`m2com watch --rate` shows how many messages come in a second."""
    code, output = run(directory, "watch", "position", "--rate", "--once", "--hub", nats_server.url)
    assert code == 0
    assert output.startswith("position: ")
    assert output.rstrip().endswith("messages/s")


def test_send_through_the_hub(directory: Path, nats_server: NatsServer, service: Program) -> None:
    """`m2com send --hub` sends what the service lists; the rest is refused with exit code 3."""
    hub = ["--hub", nats_server.url]
    code, output = run(directory, "send", "clearErrors", *hub)
    assert code == 0, output
    assert "succeeded after" in output
    code, output = run(directory, "send", "positionMirror", "x=1", *hub)
    assert code == 3
    assert "the service does not take it from the hub: never sent" in output
    service.wait_for("clearErrors of the hub: success")


@pytest.mark.usefixtures("service")
def test_monitor_through_the_hub(directory: Path, nats_server: NatsServer) -> None:
    """`m2com monitor --hub` shows the same table as beside the controller."""
    arguments = [script("m2com"), "monitor", "--hub", nats_server.url, "-n", "0.2"]
    with Program(*arguments, cwd=directory) as program:
        program.wait_for(r"command +connected")
        program.wait_for(r"axialForce +\d")
        assert "main on the hub" in program.output
        program.stop(signal.SIGINT)


@pytest.mark.usefixtures("service")
def test_record_through_the_hub(directory: Path, nats_server: NatsServer) -> None:
    """`m2com record --hub` records as one reader of many."""
    arguments = [script("m2com"), "record", "night", "--hub", nats_server.url]
    with Program(*arguments, cwd=directory) as program:
        program.wait_for("Recording")
        run(directory, "watch", "position", "--once", "--hub", nats_server.url)
        program.stop(signal.SIGINT)
        assert int(program.wait_for(r"(\d+) messages recorded")[1]) > 0


@pytest.mark.usefixtures("service")
def test_replay_of_what_the_hub_has_kept(directory: Path, nats_server: NatsServer) -> None:
    """`m2com replay --hub --since` plays what the hub has kept, as a controller."""
    run(directory, "watch", "position", "--once", "--hub", nats_server.url)
    hub = ["--hub", nats_server.url, "--since", "1min", "--speed", "max", "-c", "0", "-t", "0"]
    with Program(script("m2com"), "replay", *hub, cwd=directory) as program:
        ports = program.wait_for(r"kept of main on the hub .* is played on .*:(\d+) and :(\d+)\.")
        code, output = run(
            directory, "watch", "position.z", "--once", "-c", ports[1], "-t", ports[2]
        )
        assert code == 0
        assert "position.z = " in output


@pytest.mark.usefixtures("service")
def test_cat_of_what_the_hub_has_kept(directory: Path, nats_server: NatsServer) -> None:
    """`m2com cat --hub --since` prints what the hub has kept, as it prints a recording."""
    run(directory, "watch", "position", "--once", "--hub", nats_server.url)
    hub = ["--hub", nats_server.url, "--since", "10min"]
    code, output = run(directory, "cat", *hub, "--topic", "position")
    assert code == 0, output
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["channel"] for line in lines} == {"/telemetry/position"}
    assert all(isinstance(line["message"]["z"], float) for line in lines)
    later = ["--from", lines[1]["utc"], "--to", lines[3]["utc"]]
    code, output = run(directory, "cat", *hub, "--topic", "position", *later)
    assert [json.loads(line) for line in output.splitlines()] == lines[1:3]
    assert run(directory, "cat", *hub, "--follow")[0] == 1
    code, output = run(directory, "cat", *hub, "--topic", "/link/command")
    assert json.loads(output.splitlines()[0])["message"] == {"state": "connected"}


@pytest.mark.usefixtures("service")
def test_status_through_the_hub(directory: Path, nats_server: NatsServer) -> None:
    """`m2com status --hub` tells how the mirror is, beside the service that is connected."""
    code, output = run(directory, "status", "--hub", nats_server.url)
    assert code == 0, output
    assert "motor power" in output
    assert "yes: state: PoweredOn" in output


@pytest.mark.parametrize("command", ["safe", "status"])
def test_no_service_of_the_instance(directory: Path, nats_server: NatsServer, command: str) -> None:
    """A program of the mirror tells what it waits for while there is no service."""
    hub = ["--hub", nats_server.url, "--instance", "mian"]
    with Program(script("m2com"), command, *hub, cwd=directory) as program:
        program.wait_for("m2com: nothing is known of instance 'mian' on this hub; waiting")
        assert program.stop(signal.SIGINT) == 130


@pytest.mark.parametrize("arguments", [["cat"], ["replay", "-c", "0", "-t", "0"]])
def test_history_of_an_instance_that_is_not_there(
    directory: Path, nats_server: NatsServer, arguments: list[str]
) -> None:
    """A wrong name of the instance is told, and is exit code 1."""
    hub = ["--hub", nats_server.url, "--instance", "mian", "--since", "1h"]
    unknown = "m2com: nothing is known of instance 'mian' on this hub\n"
    assert run(directory, *arguments, *hub) == (1, unknown)


def test_record_of_an_instance_that_is_not_there(directory: Path, nats_server: NatsServer) -> None:
    """A recorder tells at once that nothing is known of the instance, and again at its end."""
    hub = ["--hub", nats_server.url, "--instance", "mian"]
    with Program(script("m2com"), "record", "nothing", *hub, cwd=directory) as program:
        program.wait_for("m2com: nothing is known of instance 'mian' on this hub; waiting")
        assert program.stop(signal.SIGINT) == 1
        program.wait_for("m2com: no message of the controller came: nothing is known of instance")


@pytest.mark.usefixtures("service")
def test_topic_that_is_not_there(directory: Path, nats_server: NatsServer) -> None:
    """A topic without a message is told, and is exit code 1: of a hub and of a recording."""
    hub = ["--hub", nats_server.url, "--since", "1h"]
    code, output = run(directory, "cat", *hub, "--topic", "interlock", "--topic", "positon")
    assert code == 1
    assert '"channel": "/command/interlock"' in output
    assert f"m2com: main on the hub {nats_server.url} has no message of 'positon'" in output
    with Program(script("m2com"), "record", "short", *hub[:2], cwd=directory) as program:
        program.wait_for("Recording")
        run(directory, "watch", "position", "--once", *hub[:2])
        program.stop(signal.SIGINT)
    missing = "m2com: short has no message of 'positon' in this time\n"
    assert run(directory, "cat", "short", "--topic", "positon") == (1, missing)


def test_setup_and_check(directory: Path, nats_server: NatsServer) -> None:
    """`m2com hub setup` makes streams, `check` tells what differs, `setup` sets it right."""
    hub = ["--hub", nats_server.url, "--instance", "other"]
    code, output = run(directory, "hub", "check", *hub)
    assert code == 1
    assert "M2_other_EVENTS is missing" in output
    code, output = run(directory, "hub", "setup", *hub)
    assert code == 0
    assert "M2_other_LAST is made" in output
    assert run(directory, "hub", "check", *hub) == (0, "All streams are as they should be.\n")
    code, output = run(directory, "hub", "check", *hub, "--telemetry", "6h")
    assert code == 1
    assert "M2_other_TELEMETRY: max_age is 1h, not 6h" in output
    code, output = run(directory, "hub", "setup", *hub, "--telemetry", "6h")
    assert code == 0
    assert "M2_other_TELEMETRY: max_age is 6h now" in output


def test_setup_changes_only_what_is_given(directory: Path, nats_server: NatsServer) -> None:
    """`m2com hub setup` leaves an option that is not given as it is; so does `check`."""
    hub = ["--hub", nats_server.url, "--instance", "kept"]
    chosen = ["--telemetry", "6h", "--telemetry-size", "2GB"]
    assert run(directory, "hub", "setup", *hub, *chosen)[0] == 0
    changed = run(directory, "hub", "setup", *hub, "--events", "5min")
    assert changed == (0, "M2_kept_EVENTS: max_age is 5min now\n")
    everything = [*chosen, "--events", "5min", "--replicas", "1"]
    for given in [], everything:
        found = run(directory, "hub", "check", *hub, *given)
        assert found == (0, "All streams are as they should be.\n")
    found = run(directory, "hub", "check", *hub, "--telemetry-size", "20GB")
    assert found == (1, "M2_kept_TELEMETRY: max_bytes is 2GB, not 20GB\n")
    changed = run(directory, "hub", "setup", *hub, "--telemetry-size", "none")
    assert changed == (0, "M2_kept_TELEMETRY: max_bytes is none now\n")


def test_help_shows_no_default_that_is_refused(directory: Path) -> None:
    """`m2com hub --help` shows durations only in the form that the options take."""
    code, output = run(directory, "hub", "--help")
    assert code == 0
    assert "[default: 86400" not in output
    assert "a new stream: 1d" in " ".join(output.split())


def test_setup_by_a_user_who_may_not(directory: Path) -> None:
    """`m2com hub setup` tells a user who may not change streams so, with exit code 3."""
    may = 'permissions: { publish: ["$JS.API.STREAM.INFO.*"], subscribe: ["_INBOX.>"] }'
    users = f'authorization {{ users: [ {{ user: "reader", password: "secret", {may} }} ] }}'
    credentials = directory / "reader"
    with running_server(users) as server:
        hub = ["--hub", server.url, "--hub-credentials", str(credentials)]
        credentials.write_text("reader:secret\n")
        code, output = run(directory, "hub", "setup", *hub)
        assert code == 3, output
        assert "m2com: this user may not change streams. The hub " in output
        credentials.write_text("reader:guessed\n")
        code, output = run(directory, "hub", "check", *hub)
        assert code == 2, output
        assert "the server refused user 'reader': wrong user or password" in output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["send", "clearErrors"], 2),
        (["status"], 2),
        (["watch", "position"], 1),
        (["record", "refused"], 1),
        (["monitor"], 1),
        (["cat", "--since", "1h"], 1),
        (["hub", "check"], 2),
    ],
)
def test_wrong_password(directory: Path, arguments: list[str], code: int) -> None:
    """A program that the server refuses says so in one line and ends."""
    users = 'authorization { users: [ { user: "reader", password: "secret" } ] }'
    (directory / "wrong").write_text("reader:guessed\n")
    with running_server(users) as server:
        ended, output = run(
            directory, *arguments, "--hub", server.url, "--hub-credentials", "wrong"
        )
    assert ended == code, output
    assert output.count("m2com: No connection to the hub nats://") == 1
    assert output.endswith("the server refused user 'reader': wrong user or password\n")


def test_check_without_hub(directory: Path) -> None:
    """`m2com hub check` without a connection is no difference: exit code 2."""
    code, output = run(directory, "hub", "check", "--hub", "nats://127.0.0.1:1")
    assert code == 2
    assert "No connection to the hub nats://127.0.0.1:1" in output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["watch"], "watch takes a field"),
        (["watch", "a..b"], "a field is written as"),
        (["monitor", "--hub", "http://x"], "a hub is nats://"),
        (["monitor", "--hub", "x", "--instance", "a b"], "an instance is named"),
        (["monitor", "--hub-ca", "x"], "--hub-ca is of no use without --hub"),
        (["send", "clearErrors", "--hub", "127.0.0.1:1", "--no-wait"], "--no-wait cannot"),
        (["replay", "--hub", "x"], "--hub and --since are of no use without each other"),
        (["replay", "x", "--since", "1h"], "--hub and --since are of no use without each other"),
        (["replay", "x", "--hub", "y", "--since", "1h"], "a recording or --hub, not both"),
        (["cat", "--since", "1h"], "cat takes a recording"),
        (["cat", "x", "--hub", "y", "--since", "1h"], "a recording or --hub, not both"),
        (["hub", "setup"], "hub needs --hub"),
        (["hub", "look", "--hub", "x"], "hub takes setup or check"),
        (["hub", "setup", "--hub", "x", "--replicas", "x"], "--replicas: takes a number from 1"),
        (["hub", "setup", "--hub", "x", "--replicas", "6"], "--replicas: takes a number from 1"),
    ],
)
def test_wrong_command_line(directory: Path, arguments: list[str], problem: str) -> None:
    """A wrong option is one line, and exit code 1."""
    code, output = run(directory, *arguments)
    assert code == 1
    assert problem in output
    assert output.count("\n") == 1


def test_no_hub(directory: Path) -> None:
    """Without a hub, `send` says so and ends with exit code 2."""
    code, output = run(directory, "send", "clearErrors", "--hub", "nats://127.0.0.1:1")
    assert code == 2
    assert "No connection to the hub nats://127.0.0.1:1: no server listens at 127.0.0.1:1" in output


def test_service_with_a_wrong_list(directory: Path) -> None:
    """A command that does not exist is refused by the service before it begins."""
    arguments = ["-n", "--pidfile=", "m2com", "--hub", "x", "--hub-commands", "power,poewr"]
    with Program(script("twistd"), *arguments, cwd=directory) as program:
        assert program.wait() == 1
        assert "there is no command 'poewr'" in program.output
