"""Address and credentials of the hub."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from .subjects import Subjects, token

__all__ = ["HubSettings"]

_SCHEMES = ("nats", "tls")

#: The port of a NATS server if the URL does not contain one.
_PORT = 4222

#: First line of a file with a JSON web token, as ``nsc`` and ``nk`` write it.
_TOKEN_FILE = "-----BEGIN NATS USER JWT-----"


@dataclass(frozen=True)
class HubSettings:
    """Servers, instance and credentials.  `parse` makes this object."""

    #: Servers of the cluster, each ``nats://host:port``.  One is enough.
    urls: tuple[str, ...]
    #: Name of the controller on the hub.
    instance: str = "main"
    #: User and password.
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: File with a JSON web token, instead of user and password.
    token_file: Path | None = None
    #: File of trusted certificate authorities.  None: those of the system.
    ca_file: Path | None = None
    #: Whether a server without TLS is refused.  Such a server does not get the
    #: password.
    requires_tls: bool = False

    @property
    def subjects(self) -> Subjects:
        """The names for this instance."""
        return Subjects(self.instance)

    @property
    def inbox(self) -> str:
        """Subject of the replies.  Each user has its own, so that no other user can read them."""
        return "_INBOX" if self.user is None else f"_INBOX.{token(self.user)}"

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS context that checks the certificate of a server."""
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
        """Return the settings for arguments of a command line.

        Parameters
        ----------
        urls
            One or more ``nats://host:port``, or ``tls://``, with commas
            between them.  They may contain ``user:password@``.
        instance
            Name of the controller on the hub.
        credentials
            A file with a JSON web token or one line ``user:password``.  It is safer
            than a password in the URL, which other users of the machine can see.
        ca
            A file of certificates.  With it, TLS is required.

        Raises
        ------
        ValueError
            If an argument is invalid.  The text names it.
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
