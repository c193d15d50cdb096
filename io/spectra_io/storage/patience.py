"""Patience: how often a server is asked again, and how long it is waited for."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectra_io.storage.failures import Failure

__all__ = ["Attempts", "Patience"]

_AT_OPENING, _LATER = 4, 12  # attempts without a new byte
_BACK_OFF = 0.5  # seconds before the second attempt; twice as long before each later one
_LONGEST = 20.0  # seconds of one back-off, before its random part
_JITTER = 1.5  # factor that a back-off may be longer, so that many readers do not ask at once
_OUTAGE = 120.0  # seconds without new bytes, after which a server counts as away
_ASKED = 60.0  # seconds that a server may ask to wait
_NEWS = 1 << 17  # bytes after which attempts are counted anew


class Patience:
    """
    Memory of the servers of a model: whether one has answered, and whether one is away.

    Shared by all requests of a model, so that a server that is away is waited for once and not for
    every layer. Picklable; another process begins with patience of its own.

    Examples
    --------
    >>> import pickle
    >>> pickle.loads(pickle.dumps(Patience())).is_away
    False
    """

    def __init__(self) -> None:
        self.has_answered = self.is_away = False

    def __reduce__(self) -> tuple[type[Patience], tuple[()]]:
        """Return how to make another one; each process finds out by itself."""
        return Patience, ()

    def reward(self) -> None:
        """Note that bytes have come."""
        self.has_answered, self.is_away = True, False


class Attempts:
    """
    Attempts to fetch a part of a file.

    Parameters
    ----------
    patience : Patience
        What is known of the servers.
    is_open : bool
        Whether the file was opened before, so that there is such a server.

    Examples
    --------
    >>> from spectra_io.storage.failures import Failure
    >>> attempts = Attempts(Patience(), is_open=False)
    >>> attempts.wait(Failure("no server of this name is known", 0, is_outage=True)) is None
    True
    >>> 0.5 <= attempts.wait(Failure("the connection broke", 0)) <= 0.75
    True
    >>> attempts.number
    2
    """

    def __init__(self, patience: Patience, *, is_open: bool) -> None:
        self.number, self._since, self._got = 1, time.monotonic(), 0
        self._patience = patience
        self._is_known, self._is_short = is_open or patience.has_answered, patience.is_away

    def progress(self, got: int) -> None:
        """
        Count the attempts anew if many bytes have come since.

        Parameters
        ----------
        got : int
            Number of bytes of the part that are here.
        """
        if got - self._got >= _NEWS:
            self.number, self._since, self._got = 1, time.monotonic(), got
            self._patience.reward()

    def wait(self, found: Failure) -> float | None:
        """
        Decide what follows a failure.

        Parameters
        ----------
        found : Failure
            What went wrong.

        Returns
        -------
        float or None
            Seconds to wait before the next attempt, which is counted; None to give up.
        """
        if found.wait is None or found.wait > _ASKED or (found.is_outage and not self._is_known):
            return None
        back_off = min(_BACK_OFF * 2 ** (self.number - 1), _LONGEST) * random.uniform(1.0, _JITTER)
        seconds: float = max(back_off, found.wait)
        is_last = self.number >= (_LATER if self._is_known else _AT_OPENING)
        if self._is_short or is_last or self._elapsed + seconds > _OUTAGE:
            self._patience.is_away = True
            return None
        self.number += 1
        return seconds

    @property
    def _elapsed(self) -> float:
        """Seconds since the first attempt, or since bytes came."""
        return time.monotonic() - self._since

    def __str__(self) -> str:
        """Return what was tried, for the end of a message; empty for a single attempt."""
        if self.number == 1:
            return "; asked once, as there was no answer before" if self._is_short else ""
        seconds = round(self._elapsed)
        return f", in {self.number} attempts" + (f" over {seconds} seconds" if seconds > 1 else "")
