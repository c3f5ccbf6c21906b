"""Who may do what on the hub: the example's permissions, and TLS."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
import pytest_twisted
import trustme

from m2com_twisted.hub import (
    CommandRefused,
    HubPublisher,
    HubRefusedError,
    HubSettings,
    Kept,
    NotPermittedError,
    Retention,
    check_streams,
    read_history,
    run_once,
    set_up_streams,
)
from m2com_twisted.hub.session import Session
from tests.support.hub import PATIENCE, played_service, reader
from tests.support.nats_server import NatsServer, needs_nats_server, running_server
from tests.support.programs import ROOT
from tests.support.waiting import the_reactor, until

pytestmark = needs_nats_server


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[NatsServer]:
    """Run a server with the permissions of the example."""
    example = (ROOT / "examples" / "nats-server.conf").read_text()
    permissions = example[example.index("authorization {") :]
    for user in ("READER", "OPERATOR", "SERVICE", "ADMIN", "SITE"):
        permissions = permissions.replace(f"$M2_{user}_PASSWORD", f'"{user.lower()}-secret"')
    with running_server(permissions) as server:
        yield server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the certificate of a server, its authority's, and another authority's."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other-ca.pem"))
    server = authority.issue_cert("127.0.0.1", "localhost")
    server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return folder


@pytest.fixture(scope="module")
def encrypting_server(certificates: Path) -> Iterator[NatsServer]:
    """Run a server that takes nothing but TLS."""
    both = certificates / "server.pem"
    with running_server(f'tls {{ cert_file: "{both}", key_file: "{both}" }}') as server:
        yield server


def settings_of(server: NatsServer, user: str, password: str | None = None) -> HubSettings:
    """Return the settings of a user of the example."""
    secret = f"{user}-secret" if password is None else password
    return replace(HubSettings.parse(server.url), user=user, password=secret)


@pytest_twisted.ensureDeferred
async def test_users_of_the_example(guarded_server: NatsServer) -> None:
    """The service publishes, the operator commands, the reader reads and commands nothing."""
    async with (
        played_service(settings_of(guarded_server, "service"), ["power"]) as service,
        reader(settings_of(guarded_server, "reader")) as one,
        reader(settings_of(guarded_server, "operator")) as operator,
    ):
        service.event("interlock", n=1)
        service.topic("position", n=1)
        for each in (one, operator):
            await each.until_number("interlock", 1)
        await until(lambda: one.topics and operator.topics, PATIENCE)
        with pytest.raises(CommandRefused, match="may not send it"):
            await one.controller.run_command("power", timeout=10)
        assert service.executed == []
        await operator.controller.run_command("power", request_id="r1")
        await operator.controller.run_command("power", request_id="r1")
        assert len(service.executed) == 1


@pytest.mark.parametrize("user", ["reader", "operator"])
@pytest_twisted.ensureDeferred
async def test_users_of_the_example_read_the_history(guarded_server: NatsServer, user: str) -> None:
    """Reader and operator get the stored events and telemetry."""
    since = datetime.now(timezone.utc)
    lines: list[bytes] = []

    async def take(batch: list[Kept]) -> None:
        lines.extend(one.line for one in batch)

    settings = settings_of(guarded_server, user)
    async with played_service(settings_of(guarded_server, "service")) as service:
        service.topic("position", n=1)
        give_up = the_reactor().seconds() + PATIENCE
        # The server takes telemetry into its stream some time after it was sent.
        while b'{"id": "position", "n": 1}' not in lines:
            assert the_reactor().seconds() < give_up, f"read: {lines}"
            work = read_history(settings.subjects, since, take, the_reactor())
            await run_once(settings, work, reactor=the_reactor())
    assert b'{"state": "connected"}' in lines


@pytest_twisted.ensureDeferred
async def test_administrator_of_the_example(guarded_server: NatsServer) -> None:
    """The administrator makes streams, changes them and checks them."""
    settings = replace(settings_of(guarded_server, "admin"), instance="other")
    made = await set_up(settings, Retention())
    assert "M2_other_EVENTS is made" in made
    changed = await set_up(settings, Retention(telemetry=7200))
    assert changed == ["M2_other_TELEMETRY: max_age is 2h now"]
    check = check_streams(settings.subjects, Retention(telemetry=7200))
    assert await run_once(settings, check, reactor=the_reactor()) == []


@pytest.mark.parametrize("user", ["reader", "operator", "service"])
@pytest_twisted.ensureDeferred
async def test_only_the_administrator_changes_streams(
    guarded_server: NatsServer, user: str
) -> None:
    """Whoever else changes a stream is told at once that the server does not permit it."""
    administrator = replace(settings_of(guarded_server, "admin"), instance="third")
    await set_up(administrator, Retention())
    settings = replace(settings_of(guarded_server, user), instance="third")
    with pytest.raises(NotPermittedError, match=r"(?i)permissions violation .*STREAM.UPDATE"):
        await set_up(settings, Retention(telemetry=7200))
    check = check_streams(settings.subjects, Retention(telemetry=3600))
    assert await run_once(settings, check, reactor=the_reactor()) == []


async def set_up(settings: HubSettings, retention: Retention) -> list[str]:
    """Make or change the streams, without a limit of time."""
    work = set_up_streams(settings.subjects, retention)
    return await run_once(settings, work, reactor=the_reactor())


@pytest_twisted.ensureDeferred
async def test_wrong_password_reads_nothing(guarded_server: NatsServer) -> None:
    """A reader with a wrong password is told so, and reads nothing."""
    async with (
        played_service(settings_of(guarded_server, "service")) as service,
        reader(settings_of(guarded_server, "reader", "guessed"), wait=False) as one,
    ):
        service.event("interlock", n=1)
        await until(lambda: one.controller.last_error is not None, PATIENCE)
        refusal = "the server refused user 'reader': wrong user or password"
        assert str(one.controller.last_error) == refusal
        with pytest.raises(HubRefusedError, match=refusal):
            await one.controller.connected()
        assert one.events == []


@pytest_twisted.ensureDeferred
async def test_wrong_password_is_told_once_and_tried_again(
    guarded_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A service logs a refusal once, and tries again, because the users may change."""
    publisher = HubPublisher(settings_of(guarded_server, "service", "guessed"))
    publisher.startService()
    try:
        refusal = "the server refused user 'service': wrong user or password; trying again"
        await until(lambda: refusal in caplog.text, 2.0)
        tried = guarded_server.log.count("authentication error")
        await until(lambda: guarded_server.log.count("authentication error") > tried, PATIENCE)
        assert caplog.text.count(refusal) == 1
    finally:
        await publisher.stopService()


@pytest_twisted.ensureDeferred
async def test_refusal_ends_one_piece_of_work(guarded_server: NatsServer) -> None:
    """A wrong user is told at once, and not after the time for the connection."""
    settings = settings_of(guarded_server, "nobody", "guessed")
    began = the_reactor().seconds()
    with pytest.raises(HubRefusedError, match="refused user 'nobody'"):
        await run_once(settings, _nothing, reactor=the_reactor())
    assert the_reactor().seconds() - began < 5.0


@pytest_twisted.ensureDeferred
async def test_server_that_wants_a_user(guarded_server: NatsServer) -> None:
    """Without a user, the option for it is named."""
    with pytest.raises(HubRefusedError, match="wants a user: --hub-credentials"):
        await run_once(HubSettings.parse(guarded_server.url), _nothing, reactor=the_reactor())


async def _nothing(session: Session) -> None:
    """Do nothing."""


@pytest_twisted.ensureDeferred
async def test_tls(encrypting_server: NatsServer, certificates: Path) -> None:
    """With the right authority everything is sent over TLS."""
    settings = HubSettings.parse(encrypting_server.url, ca=str(certificates / "ca.pem"))
    async with played_service(settings) as service, reader(settings) as one:
        service.event("interlock", n=1)
        await one.until_number("interlock", 1)


@pytest.mark.parametrize("ca", ["other-ca.pem", None])
@pytest_twisted.ensureDeferred
async def test_wrong_certificate(
    encrypting_server: NatsServer, certificates: Path, ca: str | None
) -> None:
    """A certificate that another authority signed is refused: no fallback, and no hanging."""
    settings = HubSettings.parse(
        encrypting_server.url.replace("nats:", "tls:"),
        ca=None if ca is None else str(certificates / ca),
    )
    async with reader(settings, wait=False) as one:
        await until(lambda: one.controller.last_error is not None, PATIENCE)
        assert re.match(
            r"the certificate of 127.0.0.1:\d+ is not valid here: unable to get local issuer",
            str(one.controller.last_error),
        )
        assert isinstance(one.controller.last_error, HubRefusedError)
        assert not one.controller.state.both_up


@contextlib.contextmanager
def plain_server() -> Iterator[tuple[str, list[bytes]]]:
    """Run what says that it is a NATS server without TLS; yield its URL and what it is sent."""
    sent: list[bytes] = []
    info = b'INFO {"server_id":"x","version":"2.11.0","max_payload":1048576,"auth_required":true}'
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(10)
                        connection.sendall(info + b"\r\n")
                        sent.append(connection.recv(10_000))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tls://127.0.0.1:{listening.getsockname()[1]}", sent
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(15)


@pytest_twisted.ensureDeferred
async def test_password_is_not_sent_in_the_clear() -> None:
    """A server that does not offer TLS, where it is required, does not get to see the password."""
    with plain_server() as (url, sent):
        settings = replace(HubSettings.parse(url), user="reader", password="secret")
        async with reader(settings, wait=False) as one:
            await until(lambda: sent and one.controller.last_error is not None, PATIENCE)
            assert re.search("does not offer TLS", str(one.controller.last_error))
    assert b"secret" not in b"".join(sent)
