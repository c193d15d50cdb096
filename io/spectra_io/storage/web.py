"""Files on web servers: fetch parts of a file by http or https."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING

from spectra import __version__
from spectra.errors import ModelError
from spectra_io.storage.answers import Busy, Facts, check_status, part_of
from spectra_io.storage.connections import Connections, Refused
from spectra_io.storage.failures import Failure, failure
from spectra_io.storage.patience import Attempts, Patience
from spectra_io.storage.redirects import Route, Routes, redirected

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from spectra_io.urls import Server, Url

__all__ = ["Web"]

_PART = 1 << 23  # bytes asked for by one request
_CHUNK = 1 << 14  # bytes taken from an answer at a time: as many are lost if the connection breaks
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
_HEADERS = {"User-Agent": f"weightspectra/{__version__}", "Accept-Encoding": "identity"}
_STRONG = re.compile(r'"[!#-~]*"')  # an ETag that can be sent back
_BEYOND = 416  # status of a range that begins after the end
_EMPTY = re.compile(r"bytes \*/0")


class _Part:
    """A part of a file on its way from one server, and what is known of the file."""

    def __init__(self, start: int, out: memoryview, facts: Facts | None) -> None:
        self.start, self.out, self.facts, self.got = start, out, facts, 0

    @property
    def first(self) -> int:
        """Place of the first byte that is not here yet."""
        return self.start + self.got

    @property
    def stop(self) -> int:
        """Place of the byte after the last."""
        return self.start + len(self.out)

    def headers(self, route: Route) -> dict[str, str]:
        """Return the headers of the request for the bytes that are not here yet."""
        asked = _HEADERS | {"Range": f"bytes={self.first}-{self.stop - 1}"}
        if route.authorization:
            asked["Authorization"] = route.authorization
        facts = self.facts
        if facts and facts.server == route.url.server and _STRONG.fullmatch(facts.version):
            asked["If-Match"] = facts.version
        return asked

    def receive(self, url: Url, server: Server, response: HTTPResponse) -> None:
        """Take the bytes of an answer."""
        _rest(response)
        stated = str(response.headers.get("Content-Range") or "")
        if self.facts is None and response.status == _BEYOND and _EMPTY.fullmatch(stated):
            self.facts = Facts(0)
            return
        check_status(url, response)
        length, facts = part_of(url, response, self.first, self.stop, self.facts)
        self.facts = self.facts or facts._replace(server=server)
        end = self.got + length
        while self.got < end:
            count = response.readinto(self.out[self.got : min(self.got + _CHUNK, end)])
            if not count:
                raise ConnectionError
            self.got += count
        if response.headers.get("Transfer-Encoding") and response.read(1):
            msg = "the server sends more than was asked for"
            raise Refused(msg)


def _rest(response: HTTPResponse) -> None:
    """Read an answer without a file if it is short, so that the connection can be kept."""
    length = response.headers.get("Content-Length") or ""
    if response.status not in (200, 206) and re.fullmatch(r"\d{1,4}", length):
        response.read(int(length))


@dataclass(frozen=True, slots=True)
class Web:
    """
    Files of http and https, read in parts.

    Small and picklable; without its connections, its patience with servers and the addresses to
    which they redirected, which stay in their process.

    Parameters
    ----------
    redirect_to : tuple of str, default: ()
        Other hosts to which a server may redirect, see
        :func:`spectra_io.storage.redirects.check_hosts`.

    Examples
    --------
    >>> Web(("cdn.example.org",))
    Web(redirect_to=('cdn.example.org',))
    """

    redirect_to: tuple[str, ...] = ()
    connections: Connections = field(default_factory=Connections, compare=False, repr=False)
    patience: Patience = field(default_factory=Patience, compare=False, repr=False)
    routes: Routes = field(default_factory=Routes, compare=False, repr=False)

    def look(self, url: Url, length: int, *, at: Route | None = None) -> tuple[Facts, bytes]:
        """
        Fetch the beginning of a file.

        Parameters
        ----------
        url : Url
            URL of the file, checked.
        length : int
            Number of bytes to fetch.
        at : Route, optional
            Where to ask for the file, and with which rights; at `url` by default.

        Returns
        -------
        tuple of Facts and bytes
            What is known of the file, and its first bytes; fewer if it is shorter.

        Raises
        ------
        ModelNotFoundError
            If there is no such file.
        ModelFormatError
            If the server does not send parts of files, and the file is longer.
        ModelError
            If the server cannot be reached, or does not give the file.
        """
        part = _Part(0, memoryview(bytearray(length)), None)
        self._patiently(url, part, at or Route(url, url.authorization))
        return part.facts or Facts(0), bytes(part.out[: part.got])

    def fetch(
        self, url: Url, facts: Facts, start: int, out: memoryview, *, at: Route | None = None
    ) -> None:
        """
        Fill a buffer with a part of a file.

        Parameters
        ----------
        url : Url
            URL of the file, checked.
        facts : Facts
            What is known of the file since it was opened.
        start : int
            Place of the first byte.
        out : memoryview of bytes
            The buffer; its length says how many bytes are fetched, all of them inside the file.
        at : Route, optional
            Where to ask for the file, and with which rights; at `url` by default.

        Raises
        ------
        ModelFormatError
            If the file is not the same any more, or the server sends other bytes.
        ModelError
            If the server cannot be reached, or does not give the file.
        """
        for place in range(0, len(out), _PART):
            part = _Part(start + place, out[place : place + _PART], facts)
            self._patiently(url, part, at or Route(url, url.authorization))

    def _patiently(self, url: Url, part: _Part, first: Route) -> None:
        """Fetch a part, in several attempts: the first where a redirect led before."""
        route = self.routes.last(first)
        attempts = Attempts(self.patience, is_open=part.facts is not None)
        while isinstance(found := self._tried(url, route, part, first), Failure):
            attempts.progress(part.got)
            seconds = attempts.wait(found)
            if seconds is None:
                asks = f", and asks to wait {found.wait:.0f} seconds" if found.wait else ""
                msg = f"{url}: {found.words}{asks}{attempts}"
                raise ModelError(msg)
            time.sleep(seconds)
            route = first
        self.patience.reward()
        self.routes.add(first, found)

    def _tried(self, url: Url, route: Route, part: _Part, first: Route) -> Route | Failure:
        """Return the route to the server that has the part, or what went wrong."""
        try:
            return self._followed(url, route, part)
        except ModelError:  # ours; after a redirect that was followed before, it may have expired
            if route.url == first.url:
                raise
            return Failure("the server to which it was redirected gives no more", 0)
        except (Busy, OSError, HTTPException, ValueError) as error:
            return failure(error)

    def _followed(self, url: Url, route: Route, part: _Part) -> Route:
        """Fetch a part from the server to which the redirects lead."""
        for _ in range(_MOST_REDIRECTS + 1):
            server = route.url.server
            with self.connections.asked(
                server,
                route.url.target,
                part.headers(route),
                length=len(part.out),
                public_only=route.public_only,
            ) as (response, is_public):
                if response.status not in _REDIRECTS:
                    part.receive(url, server, response)
                    return route
                _rest(response)
                location = response.headers.get("Location") or ""
                route = redirected(
                    url, route, location, hosts=self.redirect_to, is_public=is_public
                )
        msg = f"{url}: more than {_MOST_REDIRECTS} redirects"
        raise ModelError(msg)
