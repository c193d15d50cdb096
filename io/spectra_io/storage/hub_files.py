"""Files of a model on a hub: fetch parts of them, with the token of the user."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from spectra.errors import ArgumentError, ModelFormatError, ModelNotFoundError
from spectra_io.storage.answers import Facts
from spectra_io.storage.hub_answers import asked, endpoint, tried
from spectra_io.storage.hub_ids import parsed
from spectra_io.storage.redirects import Route, check_hosts
from spectra_io.storage.web import Web
from spectra_io.urls import Url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.storage.hub_answers import Listing
    from spectra_io.storage.hub_ids import Reference

__all__ = ["Hub", "own_hosts"]

_WHOLE = 1 << 25  # bytes up to which a JSON file is fetched as a whole, into the cache of the hub
_LOCAL = "cached"


def own_hosts() -> tuple[str, ...]:
    """
    Return the hosts that the package takes for those of the hub, and all below them.

    Returns
    -------
    tuple of str
        Names of hosts, see :func:`spectra_io.storage.redirects.check_hosts`.

    Examples
    --------
    >>> all("." in host for host in own_hosts())
    True
    """
    from huggingface_hub import constants

    hosts = sorted(getattr(constants, "HF_URL_HOSTS", ()))
    named = [host for host in hosts if re.fullmatch(r"[a-z][\w.-]*\.[a-z]+", host)]
    return (*named, *(f"*.{host}" for host in named))


def _cached(reference: Reference) -> str:
    """Return the file in the cache of the hub, where it is fetched to if it is not there."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import silent_tqdm

    where: dict[str, Any] = {"revision": reference.revision, "endpoint": endpoint()}
    found = hf_hub_download(reference.id, reference.path, tqdm_class=silent_tqdm, **where)
    return str(found)


def _in_cache(reference: Reference) -> str:
    """Return the file in the cache of the hub if it is there; empty if not."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(reference.id, reference.path, revision=reference.revision)
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Hub:
    """
    Files of a model on a hub, read in parts.

    Small and picklable. A file that is in the cache of the hub's own package is read there; a JSON
    file of up to 32 MB is fetched into it. The token is asked for at each request, and kept nowhere
    here. Redirects follow the rules of :class:`~spectra_io.storage.web.Web`: they may lead to the
    hosts that the package takes for those of the hub, and to those that the user has named, without
    the token.

    Parameters
    ----------
    web : Web
        How parts of files are fetched.
    files : dict
        Length of each file by its path, see :class:`~spectra_io.storage.hub_answers.Listing`.

    Examples
    --------
    >>> Hub(Web(("cdn.example.org",)), {"model.onnx": 8})
    Hub(web=Web(redirect_to=('cdn.example.org',)))
    """

    web: Web
    files: dict[str, int] = field(compare=False, repr=False)

    @classmethod
    def of(cls, found: Listing, /, *, redirect_to: Iterable[str] = ()) -> Hub:
        """
        Return a reader of the files of a model.

        Parameters
        ----------
        found : Listing
            The files.
        redirect_to : iterable of str, default: ()
            Other hosts to which the hub may redirect.

        Returns
        -------
        Hub
            The reader.

        Raises
        ------
        ArgumentError
            If one of `redirect_to` is not the name of a host.
        """
        return cls(Web((*check_hosts(redirect_to), *own_hosts())), dict(found.files))

    def _local(self, reference: Reference) -> str:
        """Return the file in the cache of the hub; empty if it has to be fetched in parts."""
        size = self.files.get(reference.path, -1)
        path = tried(partial(_in_cache, reference))
        if not path and 0 <= size <= _WHOLE and reference.path.endswith(".json"):
            path = tried(partial(_cached, reference))
        is_whole = isinstance(path, str) and path and tried(partial(os.path.getsize, path)) == size
        return str(path) if is_whole else ""

    def look(self, url: Url, length: int) -> tuple[Facts, bytes]:
        """
        Fetch the beginning of a file.

        Parameters
        ----------
        url : Url
            URL of the file at a commit.
        length : int
            Number of bytes to fetch.

        Returns
        -------
        tuple of Facts and bytes
            What is known of the file, and its first bytes; fewer if it is shorter.

        Raises
        ------
        ModelNotFoundError
            If there is no such file, or it is not given to us.
        ModelError
            If the file cannot be had.
        """
        reference = _of(url)
        if reference.path not in self.files:
            msg = f"{url}: no such file"
            raise ModelNotFoundError(msg)
        if path := self._local(reference):
            return _local_head(path, length)
        return self.web.look(url, length, at=_route(url, reference))

    def fetch(self, url: Url, facts: Facts, start: int, out: memoryview) -> None:
        """
        Fill a buffer with a part of a file.

        Parameters
        ----------
        url : Url
            URL of the file at a commit.
        facts : Facts
            What is known of the file since it was opened.
        start : int
            Place of the first byte.
        out : memoryview of bytes
            The buffer; its length says how many bytes are fetched, all of them inside the file.

        Raises
        ------
        ModelFormatError
            If other bytes are sent.
        ModelError
            If the file cannot be had.
        """
        reference = _of(url)
        if facts.version != _LOCAL:
            self.web.fetch(url, facts, start, out, at=_route(url, reference))
        elif not _filled(self._local(reference), facts.size, start, out):
            msg = f"{url}: the file in the cache of the hub has changed since it was opened"
            raise ModelFormatError(msg)


def _local_head(path: str, length: int) -> tuple[Facts, bytes]:
    with open(path, "rb") as file:  # noqa: PTH123
        return Facts(os.fstat(file.fileno()).st_size, _LOCAL), file.read(length)


def _filled(path: str, size: int, start: int, out: memoryview) -> bool:
    """Fill a buffer from a file of a known length; return whether that was possible."""
    if not path:
        return False
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(start)
        return os.fstat(file.fileno()).st_size == size and file.readinto(out) == len(out)


def _of(url: Url) -> Reference:
    found = parsed(url.full)
    if found is None:
        msg = f"{url}: not a file of a model on a hub"
        raise ArgumentError(msg)
    return found


def _route(url: Url, reference: Reference) -> Route:
    """Return where the hub has a file, with the token of the user if there is one."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    where = {"revision": reference.revision, "endpoint": endpoint()}
    at = Url(hf_hub_url(reference.id, reference.path, **where))
    if at.scheme not in ("http", "https") or at.problem:
        msg = f"{url}: HF_ENDPOINT must be a URL of http or https"
        raise ArgumentError(msg)
    headers = asked(url, build_hf_headers)
    return Route(at, str(headers.get("authorization", "")))
