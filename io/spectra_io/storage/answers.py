"""Answers of web servers: what they say of the bytes that were asked for, and of the file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from spectra_io.urls import Server, Url

__all__ = ["Busy", "Facts", "Forbidden", "check_status", "part_of"]

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})
_CHANGED, _BEYOND = 412, 416
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_LONGEST = 200  # characters of an ETag
_UNKNOWN = 86_400  # seconds to wait, if nobody can tell
_NO_PARTS = "the server does not send parts of files; download the file"
_NO_RANGE = "the server does not say which bytes it sends, and of how many"
_CHANGES = "the file has changed on the server since it was opened; open it again"


class Facts(NamedTuple):
    """
    Length and version of a file at a URL, as its server stated them when it was opened.

    Examples
    --------
    >>> Facts(8, '"a1"').size
    8
    """

    size: int
    """Length in bytes."""
    version: str = ""
    """ETag or, without one, the time of the last change; empty if the server gives neither."""
    server: Server | None = None
    """The server that answered, after redirects."""


class Busy(Exception):
    """
    A failure that may pass.

    Parameters
    ----------
    words : str
        What happened.
    wait : float, default: 0
        Seconds that the server asks to wait.

    Examples
    --------
    >>> Busy("503 Service Unavailable", 5).wait
    5
    """

    def __init__(self, words: str, wait: float = 0) -> None:
        super().__init__(words)
        self.wait = wait


class Forbidden(ModelNotFoundError):
    """
    A server gives a file to others only, or not at all: some say so of files that do not exist.

    Examples
    --------
    >>> issubclass(Forbidden, ModelNotFoundError)
    True
    """


def _version(response: HTTPResponse) -> str:
    """Return what a server calls a version of a file: its ETag, or the time of the last change."""
    found = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    return str(found).strip()[:_LONGEST]


def _seconds(words: str) -> float:
    """Return the seconds of a header Retry-After, which has a number or a date."""
    if re.fullmatch(r"\d{0,9}", words):
        return float(words or 0)
    try:
        until = parsedate_to_datetime(words)
        return max(0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a time zone
        return _UNKNOWN


def _phrase(status: int) -> str:
    """Return a status with its usual words, whatever the words of the server are."""
    return f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)


def check_status(url: Url, response: HTTPResponse, /) -> None:
    """
    Refuse an answer without the bytes that were asked for.

    Parameters
    ----------
    url : Url
        The URL of the user, for messages.
    response : HTTPResponse
        The answer.

    Raises
    ------
    Busy
        If the server may answer later.
    ModelNotFoundError
        If there is no such file, or the server does not give it to us.
    ModelFormatError
        If the file has changed, or the server does not send parts of files.
    ModelError
        If the server does not give the file.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from spectra_io.urls import Url
    >>> check_status(Url("https://example.org/a"), SimpleNamespace(status=400, headers={}))
    Traceback (most recent call last):
        ...
    spectra.errors.ModelError: https://example.org/a: 400 Bad Request
    """
    status = response.status
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return
    if status in _BUSY:
        raise Busy(_phrase(status), _seconds(str(response.headers.get("Retry-After") or "")))
    if status in _GONE:
        msg = f"{url}: no such file"
        raise ModelNotFoundError(msg)
    if status in (_CHANGED, _BEYOND):
        msg = f"{url}: {_CHANGES}"
        raise ModelFormatError(msg)
    if status in _FORBIDDEN:
        msg = f"{url}: {_phrase(status)}; a password or token is missing, wrong or expired"
        raise Forbidden(msg)
    msg = f"{url}: {_phrase(status)}"
    raise ModelError(msg)


def _length(response: HTTPResponse) -> int | None:
    """Return the length of a body as the server states it; None for a body in pieces."""
    found = str(response.headers.get("Content-Length") or "")
    if response.headers.get("Transfer-Encoding") or not re.fullmatch(r"\d{1,19}", found):
        return None
    return int(found)


def _stated(response: HTTPResponse) -> tuple[int, int, int] | None:
    """Return the first byte, the byte after the last, and the length of the file; or nothing."""
    length = _length(response)
    if response.status == HTTPStatus.OK:
        return (0, length, length) if length is not None else None
    found = _RANGE.fullmatch(str(response.headers.get("Content-Range") or ""))
    if not found:
        return None
    first, last, size = map(int, found.groups())
    return first, last + 1, size


def part_of(
    url: Url, response: HTTPResponse, start: int, stop: int, known: Facts | None, /
) -> tuple[int, Facts]:
    """
    Check that an answer has the bytes that were asked for, of the file that was opened.

    Parameters
    ----------
    url : Url
        The URL of the user, for messages.
    response : HTTPResponse
        An answer with the status 200 or 206.
    start, stop : int
        First byte that was asked for, and the byte after the last.
    known : Facts or None
        What is known of the file; None if it is not opened yet.

    Returns
    -------
    tuple of int and Facts
        Number of bytes in the answer, fewer than asked for where the file ends; and the facts.

    Raises
    ------
    ModelFormatError
        If the server sends other bytes, other numbers of bytes, or the bytes in a code; or if the
        file has another length or version than is known.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from spectra_io.urls import Url
    >>> headers = {"Content-Length": "4", "Content-Range": "bytes 8-11/12", "ETag": '"a1"'}
    >>> answer = SimpleNamespace(status=206, headers=headers)
    >>> part_of(Url("https://example.org/a"), answer, 8, 16, None)
    (4, Facts(size=12, version='"a1"', server=None))
    """
    code = str(response.headers.get("Content-Encoding") or "identity").strip().lower()
    pieces = str(response.headers.get("Transfer-Encoding") or "chunked").strip().lower()
    if code != "identity" or pieces != "chunked":
        msg = (
            f"{url}: the server sends the file compressed, and was asked not to; download the file"
        )
        raise ModelFormatError(msg)
    stated = _stated(response)
    whole = response.status == HTTPStatus.OK
    if stated is None or (whole and (start or stated[1] > stop)):
        msg = f"{url}: {_NO_PARTS if whole else _NO_RANGE}"
        raise ModelFormatError(msg)
    first, last, size = stated
    facts = Facts(size, _version(response))
    if known is not None and not _is_same(facts, known):
        msg = f"{url}: {_CHANGES}"
        raise ModelFormatError(msg)
    if (first, last) != (start, min(stop, size)) or _length(response) not in (None, last - first):
        msg = (
            f"{url}: asked for bytes {start} to {min(stop, size)}, the server sends bytes {first} "
            f"to {last} of {size}"
        )
        raise ModelFormatError(msg)
    return last - first, facts


def _is_same(one: Facts, other: Facts) -> bool:
    """Return whether two answers are of the same version of a file."""
    plain = {facts.version.removeprefix("W/") for facts in (one, other)}
    return one.size == other.size and len(plain) == 1
