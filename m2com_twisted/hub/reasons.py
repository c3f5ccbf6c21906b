"""Says in plain words why there is no connection to the hub."""

import asyncio
import socket
import ssl
from urllib.parse import urlsplit

from nats.js.errors import ServiceUnavailableError

from ..errors import NotConnectedError
from .errors import HubRefusedError
from .session import HubError, SessionEnded
from .settings import HubSettings

__all__ = ["in_words", "no_connection", "no_hub", "no_tls"]

#: Parts of the errors by which a server refuses a user, in lower case.
_REFUSALS = ("authorization violation", "authentication expired", "authentication revoked")

#: Begin of the error of nats-py when the other side does not speak as a NATS server.
_NO_INFO = "nats: empty response from server when expecting info"


def no_hub(settings: HubSettings, reason: object) -> str:
    """Return the sentence that none of the servers of a hub can be used, with the reason."""
    return f"No connection to the hub {', '.join(settings.urls)}: {reason}"


def no_tls(url: str) -> HubRefusedError:
    """Return the error for a server without TLS, if TLS is required."""
    return HubRefusedError(
        f"the server at {_address(url)} does not offer TLS, which tls:// or --hub-ca requires"
    )


def in_words(error: BaseException) -> str:
    """Return an error that the hub reported, in plain words if it is a frequent one."""
    # nats-py raises it without a code if nobody answers a request about streams.
    if isinstance(error, ServiceUnavailableError) and error.code is None:
        return "the server has no JetStream, which keeps messages: start it with --jetstream"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def no_connection(error: BaseException, url: str, settings: HubSettings) -> NotConnectedError:
    """Return the reason of a failed attempt in plain words, as an error.

    Parameters
    ----------
    error
        The error of Python or of nats-py.
    url
        The server of the attempt.
    settings
        Settings with the user.

    Returns
    -------
    reason
        A `HubRefusedError` if another attempt would fail as well.  Its cause is the error.
    """
    if isinstance(error, NotConnectedError):
        return error
    refusal = _refusal(error, url, settings)
    reason = HubRefusedError(refusal) if refusal else NotConnectedError(_obstacle(error, url))
    reason.__cause__ = error
    return reason


def _refusal(error: BaseException, url: str, settings: HubSettings) -> str:
    """Return why the server cannot be used until somebody changes something.  Empty if it can."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {_address(url)} is not valid here: {error.verify_message}"
    if isinstance(error, ImportError):
        return "a NATS token needs a package: pip install nkeys"
    words = str(error).lower()
    if not any(refusal in words for refusal in _REFUSALS):
        return ""
    if settings.token_file is not None:
        return f"the server refused the token in {settings.token_file}"
    if settings.user is None:
        return "the server wants a user: --hub-credentials names a file with user:password"
    return f"the server refused user {settings.user!r}: wrong user or password"


def _obstacle(error: BaseException, url: str) -> str:
    """Return why the attempt failed."""
    address = _address(url)
    if isinstance(error, ConnectionRefusedError):
        return f"no server listens at {address}"
    if isinstance(error, socket.gaierror):
        return f"the name {urlsplit(url).hostname!r} cannot be resolved"
    if isinstance(error, asyncio.TimeoutError):
        return f"{address} does not answer"
    if str(error).lower().startswith(_NO_INFO):
        return f"what listens at {address} is no NATS server"
    if isinstance(error, (HubError, SessionEnded)):
        return str(error)
    if isinstance(error, OSError):
        return f"{address} cannot be reached: {error.strerror or error}"
    return in_words(error)


def _address(url: str) -> str:
    return urlsplit(url).netloc
