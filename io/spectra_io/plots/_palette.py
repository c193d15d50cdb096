"""Colours of the figures of any library."""

from __future__ import annotations

__all__ = ["DATA", "FAULT", "GOOD", "PALETTE", "TAIL"]

# Okabe & Ito (2008), apart for colour-blind readers and, with marks and line styles, in grey
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DATA, TAIL, GOOD, FAULT = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
