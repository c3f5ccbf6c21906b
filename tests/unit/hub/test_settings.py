"""Where the hub is, as it is written on a command line."""

from pathlib import Path

import pytest

from m2com_twisted.hub.settings import HubSettings


def test_list_of_servers() -> None:
    """Servers of a cluster stand with commas between them; scheme and port may be left out."""
    settings = HubSettings.parse("nats://a:4223, b,nats://[::1]:7")
    assert settings.urls == ("nats://a:4223", "nats://b:4222", "nats://[::1]:7")
    assert not settings.requires_tls


def test_password_of_a_url() -> None:
    """User and password are taken out of the URL, which is logged, and shown nowhere."""
    settings = HubSettings.parse("tls://reader:s%40cret@hub.example")
    assert (settings.user, settings.password) == ("reader", "s@cret")
    assert settings.urls == ("nats://hub.example:4222",)
    assert settings.requires_tls
    assert "cret" not in repr(settings)


def test_password_of_a_file(tmp_path: Path) -> None:
    """A file with one line user:password is instead of those in the URL."""
    file = tmp_path / "hub.password"
    file.write_text("operator:a:b\n")
    settings = HubSettings.parse("nats://x:y@hub.example", credentials=str(file))
    assert (settings.user, settings.password) == ("operator", "a:b")


def test_token_of_a_file(tmp_path: Path) -> None:
    """A file with a NATS token is handed to nats-py as it is."""
    file = tmp_path / "hub.creds"
    file.write_text("-----BEGIN NATS USER JWT-----\nabc\n")
    assert HubSettings.parse("hub.example", credentials=str(file)).token_file == file


@pytest.mark.parametrize(
    "url",
    ["", "http://hub", "nats://", "nats://hub:99999", "nats://hub:0", "nats://hub/x", "a,,b"],
)
def test_url_that_is_none(url: str) -> None:
    """A URL of no NATS server is refused, and the error shows what one looks like."""
    with pytest.raises(ValueError, match="a hub is nats://host:port"):
        HubSettings.parse(url)


def test_refusal_does_not_show_the_password() -> None:
    """The line about a wrong URL does not hold its password."""
    with pytest.raises(ValueError, match="hub:99999") as caught:
        HubSettings.parse("nats://reader:secret@hub:99999")
    assert "secret" not in str(caught.value)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Files that are missing, or hold something else, are refused before anything is begun."""
    with pytest.raises(ValueError, match="credentials cannot be read"):
        HubSettings.parse("hub", credentials=str(tmp_path / "none"))
    file = tmp_path / "file"
    file.write_text("nothing of use")
    with pytest.raises(ValueError, match="neither a NATS token nor one line"):
        HubSettings.parse("hub", credentials=str(file))
    with pytest.raises(ValueError, match="cannot be used"):
        HubSettings.parse("hub", ca=str(file))
