"""Connections to web servers, of which nothing is received without end."""

from __future__ import annotations

import io
import os
import socket
import ssl
import time
import weakref
from collections import deque
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPConnection
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse

    from spectra_io.urls import Server

__all__ = ["SILENCE", "Answer", "Connections", "Refused"]

SILENCE = 30.0
"""Seconds to wait for the next byte."""

_CONNECT = 15.0  # seconds to connect to an address, and again for the handshake of https
_GRACE = 60.0  # seconds of an answer, however slow
_SLOWEST = 1000  # bytes per second after that, on average
_OVERHEAD = 1 << 18  # bytes of an answer besides its body
_ADDRESSES = 4  # of a name that are tried
_KEPT = 4  # idle connections to a server


class Refused(OSError):
    """
    A connection was ended here; the message says why.

    Examples
    --------
    >>> str(Refused("the server sends more than was asked for"))
    'the server sends more than was asked for'
    """


def _too_slow() -> Refused:
    return Refused(f"the server sends fewer than {_SLOWEST} bytes per second")


class _Line:
    """A socket in the way `http.client` uses it, which receives within limits."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.until, self.left = sock, 0.0, 0
        self.hang_up = weakref.finalize(self, sock.close)

    def expect(self, length: int) -> None:
        """Set the limits of the next answer, given the length of its body."""
        self.until = time.monotonic() + _GRACE
        self.left = 2 * length + _OVERHEAD  # pieces of a body have lengths before them

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(SILENCE)
        self.sock.sendall(data)

    def receive(self, buffer: Any) -> int:
        seconds = self.until - time.monotonic()
        try:
            self.sock.settimeout(max(0.001, min(SILENCE, seconds)))
            count = self.sock.recv_into(buffer)
        except TimeoutError:
            if seconds < SILENCE:
                raise _too_slow() from None
            raise
        self.until += count / _SLOWEST
        if time.monotonic() > self.until:
            raise _too_slow()
        self.left -= count
        if self.left < 0:
            msg = "the server sends more than was asked for"
            raise Refused(msg)
        return count

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self))

    def close(self) -> None:
        """Do nothing: `http.client` closes a socket before the answer is read."""

    def is_fresh(self) -> bool:
        """Return whether the server has neither hung up nor sent what nobody asked for."""
        try:
            self.sock.settimeout(0)
            socket.socket.recv(self.sock, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


class _Received(io.RawIOBase):
    """The bytes that a server sends, as a raw stream."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._line.receive(buffer)


def _is_public(address: str) -> bool:
    """Return whether an address belongs to the open internet, not to this machine or network."""
    found = ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_global


def _connected(server: Server, *, public_only: bool) -> socket.socket:
    """Connect to the first address of a server that answers."""
    error = OSError()
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found[:_ADDRESSES]:
        if public_only and not _is_public(str(address[0])):
            msg = f"a server with a public address redirects to {server}, which has a private one"
            raise Refused(msg)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_CONNECT)
            sock.connect(address)
        except OSError as problem:
            sock.close()
            error = problem
        else:
            return sock
    raise error


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return the settings of https: the certificates that this machine trusts."""
    return ssl.create_default_context()


def _prepared(sock: socket.socket, server: Server) -> socket.socket:
    """Return the socket to talk through: for https encrypted, to a host that proved its name."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if server.scheme == "http":
        return sock
    return _trusted().wrap_socket(sock, server_hostname=server.host)


class _Connection(HTTPConnection):
    """A connection to a server, made when it is asked."""

    def __init__(self, server: Server, *, public_only: bool) -> None:
        super().__init__(server.host, server.port)
        self.server, self.public_only, self.is_public = server, public_only, False
        self.default_port = 443 if server.scheme == "https" else 80  # not in the header Host
        self.sock: Any = None

    def connect(self) -> None:
        sock = _connected(self.server, public_only=self.public_only)
        try:
            self.is_public = _is_public(str(sock.getpeername()[0]))
            self.sock = self.line = _Line(_prepared(sock, self.server))
        except BaseException:
            sock.close()
            raise

    def ask(self, target: str, headers: Mapping[str, str], length: int) -> HTTPResponse:
        """Ask for something, and receive the head of the answer."""
        if self.sock is None:
            self.connect()
        self.line.expect(length)
        self.request("GET", target, headers=dict(headers))
        return self.getresponse()

    def hang_up(self) -> None:
        """Close the connection at once, whatever the server still has to say."""
        self.close()
        if hasattr(self, "line"):
            self.line.hang_up()

    def can_be_kept(self) -> bool:
        """Return whether another question can be asked."""
        return self.sock is not None and self.line.is_fresh()


class Answer(NamedTuple):
    """
    The answer of a server, with the kind of its address.

    Examples
    --------
    >>> Answer._fields
    ('response', 'is_public')
    """

    response: HTTPResponse
    """The answer, of which the head is received."""
    is_public: bool
    """Whether the server has an address of the open internet."""


class Connections:
    """
    Connections to servers: those that wait for the next question are kept.

    Picklable, without the connections. Several threads can ask at once, each through a connection
    of its own.

    Examples
    --------
    >>> import pickle
    >>> isinstance(pickle.loads(pickle.dumps(Connections())), Connections)
    True
    """

    def __init__(self) -> None:
        self._kept: dict[object, deque[_Connection]] = {}

    def __reduce__(self) -> tuple[type[Connections], tuple[()]]:
        """Return how to make others; a connection belongs to one process."""
        return Connections, ()

    def _idle(self, server: Server, *, public_only: bool) -> deque[_Connection]:
        """Return the idle connections to a server that this process has made, not its parent."""
        key = (os.getpid(), server, public_only)
        return self._kept.setdefault(key, deque(maxlen=_KEPT))

    def _take(self, server: Server, *, public_only: bool) -> _Connection:
        """Return an idle connection to a server, or a new one."""
        idle = self._idle(server, public_only=public_only)
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # another thread took the last
                break
            if connection.can_be_kept():
                return connection
            connection.hang_up()
        return _Connection(server, public_only=public_only)

    @contextmanager
    def asked(
        self,
        server: Server,
        target: str,
        headers: Mapping[str, str],
        *,
        length: int,
        public_only: bool = False,
    ) -> Iterator[Answer]:
        """
        Ask a server for something.

        Parameters
        ----------
        server : Server
            The server.
        target : str
            Path and query.
        headers : mapping of str to str
            Headers of the request.
        length : int
            Length of the longest body that will be read.
        public_only : bool, default: False
            Whether to refuse addresses of this machine and of private networks.

        Yields
        ------
        Answer
            The answer. Its body can be read until 30 seconds pass without a byte, it comes at less
            than 1000 bytes per second after the first minute, or it is far longer than `length`.
            The connection is kept if the body was read to its end, and closed otherwise.

        Raises
        ------
        OSError
            If there is no connection, no answer in time, or a limit is passed.
        http.client.HTTPException
            If the answer is not HTTP.
        """
        connection, response = self._take(server, public_only=public_only), None
        try:
            response = connection.ask(target, headers, length)
            yield Answer(response, connection.is_public)
        finally:
            if response and response.isclosed() and connection.can_be_kept():
                self._idle(server, public_only=public_only).append(connection)
            else:
                connection.hang_up()
