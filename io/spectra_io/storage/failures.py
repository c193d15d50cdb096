"""Failures of requests: what an error of a connection means, and whether waiting may help."""

from __future__ import annotations

import errno
import socket
import ssl
from http.client import IncompleteRead
from typing import NamedTuple

from spectra_io.storage.answers import Busy
from spectra_io.storage.connections import SILENCE, Refused

__all__ = ["Failure", "failure"]

_NO_NETWORK = frozenset(
    {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}
)


class Failure(NamedTuple):
    """
    Failure of an attempt to fetch bytes.

    Examples
    --------
    >>> Failure("503 Service Unavailable", wait=5).is_outage
    False
    """

    words: str
    """What happened, in words that quote nothing of the request."""
    wait: float | None = None
    """Seconds to wait before the next attempt, at least; None if waiting does not help."""
    is_outage: bool = False
    """Whether the server or the network is away, or there never was such a server."""


def failure(error: Exception, /) -> Failure:
    """
    Tell what an error of a connection means.

    Parameters
    ----------
    error : Exception
        The error.

    Returns
    -------
    Failure
        Words that quote nothing of the request, and whether another attempt may succeed.

    Examples
    --------
    >>> failure(ConnectionResetError())
    Failure(words='the connection broke', wait=0, is_outage=False)
    >>> failure(ConnectionRefusedError()).is_outage
    True
    """
    if isinstance(error, Busy):
        return Failure(str(error), error.wait)
    if isinstance(error, Refused):
        return Failure(str(error))
    if isinstance(error, TimeoutError):
        return Failure(f"no answer within {SILENCE:g} seconds", 0)
    if isinstance(error, socket.gaierror):
        return _no_name(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(f"the certificate of the server is not valid: {error.verify_message}")
    if isinstance(error, ConnectionRefusedError):
        return Failure("the server accepts no connections", 0, is_outage=True)
    if isinstance(error, ConnectionError | ssl.SSLEOFError | IncompleteRead):
        return Failure("the connection broke", 0)
    if isinstance(error, ssl.SSLError):
        return Failure("no encrypted connection is possible")
    if isinstance(error, OSError) and error.strerror:
        away = error.errno in _NO_NETWORK
        return Failure(error.strerror, 0 if away else None, is_outage=away)
    return Failure("the answer is not one of HTTP")


def _no_name(error: socket.gaierror) -> Failure:
    """Return what it means that a name has no address: without a network, none has."""
    if error.errno == socket.EAI_AGAIN:
        return Failure("the name of the server cannot be looked up now", 0)
    return Failure("no server of this name is known", 0, is_outage=True)
