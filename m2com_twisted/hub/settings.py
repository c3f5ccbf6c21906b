"""Where the hub is and how to be let in."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from .subjects import Subjects, token

__all__ = ["HubSettings"]

_SCHEMES = ("nats", "tls")

#: The port of a NATS server where the URL names none.
_PORT = 4222

#: How a file with a JSON web token begins, as ``nsc`` and ``nk`` write it.
_TOKEN_FILE = "-----BEGIN NATS USER JWT-----"


@dataclass(frozen=True)
class HubSettings:
    """Servers, instance and credentials; made by `parse`."""

    #: Servers of the cluster, each ``nats://host:port``; one is enough.
    urls: tuple[str, ...]
    #: Name of the controller among those on the hub.
    instance: str = "main"
    #: User and password.
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: File with a JSON web token, instead of user and password.
    token_file: Path | None = None
    #: File of the trusted authorities of certificates; None: those of the system.
    ca_file: Path | None = None
    #: Whether a server without TLS is refused, before it gets the password.
    requires_tls: bool = False

    @property
    def subjects(self) -> Subjects:
        """The names for this instance."""
        return Subjects(self.instance)

    @property
    def inbox(self) -> str:
        """The subject of answers.  It belongs to this user, so no other user may read them."""
        return "_INBOX" if self.user is None else f"_INBOX.{token(self.user)}"

    def tls_context(self) -> ssl.SSLContext:
        """Return what a server's certificate is checked with."""
        return ssl.create_default_context(cafile=self.ca_file)

    @classmethod
    def parse(
        cls,
        urls: str,
        instance: str = "main",
        *,
        credentials: str | None = None,
        ca: str | None = None,
    ) -> "HubSettings":
        """Return the settings for what stands on a command line.

        Parameters
        ----------
        urls
            One or more ``nats://host:port``, or ``tls://``, with commas
            between them.  They may hold ``user:password@``.
        instance
            Name of the controller among those on the hub.
        credentials
            A file: a JSON web token, or one line ``user:password``.  Better
            than a password in the URL, which other users of the machine see.
        ca
            A file of certificates.  With it, TLS is required.

        Raises
        ------
        ValueError
            If anything of this cannot be used; the text says what.
        """
        Subjects(instance)
        servers = [_server(url.strip()) for url in urls.split(",")]
        named = next((server for server in servers if server.username), None)
        user = None if named is None else unquote(named.username or "")
        password = None if named is None else unquote(named.password or "")
        token_file = None
        if credentials is not None:
            user, password, token_file = _credentials(Path(credentials))
        ca_file = None if ca is None else Path(ca)
        if ca_file is not None:
            _check_certificates(ca_file)
        return cls(
            urls=tuple(_without_password(server) for server in servers),
            instance=instance,
            user=user,
            password=password,
            token_file=token_file,
            ca_file=ca_file,
            requires_tls=ca is not None or any(server.scheme == "tls" for server in servers),
        )


def _server(url: str) -> SplitResult:
    # The error must not show the password that the URL may contain.
    shown = url.rpartition("@")[2]
    server = urlsplit(url if "://" in url else f"nats://{url}")
    try:
        port = server.port
    except ValueError:
        port = 0
    if server.scheme not in _SCHEMES or not server.hostname or port == 0 or server.path.strip("/"):
        raise ValueError(f"a hub is nats://host:port or tls://host:port, not {shown!r}")
    return server


def _without_password(server: SplitResult) -> str:
    host = f"[{server.hostname}]" if ":" in (server.hostname or "") else server.hostname
    return f"nats://{host}:{server.port or _PORT}"


def _credentials(path: Path) -> tuple[str | None, str | None, Path | None]:
    """Return user, password and token file of a file with credentials."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the credentials cannot be read: {error}") from error
    if text.lstrip().startswith(_TOKEN_FILE):
        return None, None, path
    user, colon, password = text.strip().partition(":")
    if not colon or "\n" in password:
        raise ValueError(f"{path} holds neither a NATS token nor one line user:password")
    return user, password, None


def _check_certificates(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(f"the certificates in {path} cannot be used: {error}") from error
