r"""
Words as plotly reads them.

Plotly takes words such as ``<b>`` and ``<a href=...>`` in any text for markup, text between two
``$`` for mathematics where MathJax is there, and ``%{x}`` in a template for a number. A name from a
file must do none of these: it is written with entities, which plotly decodes last.
"""

from __future__ import annotations

import re

from spectra.errors import one_line
from spectra_io.plots._names import short

__all__ = ["escaped", "markup", "name_of"]

_ENTITIES = {ord(letter): f"&#{ord(letter)};" for letter in "&<>$%"}
_LETTERS = {r"\lambda": "λ", r"\alpha": "α", r"\rho": "\N{GREEK SMALL LETTER RHO}"}
_SCRIPTS = {"^": "sup", "_": "sub"}


def escaped(text: object) -> str:
    """
    Return text on one line that plotly writes as it is, wherever it stands.

    Examples
    --------
    >>> escaped("<b>$x$ %{y}")
    '&#60;b&#62;&#36;x&#36; &#37;{y}'
    """
    return _as_it_is(one_line(text))


def name_of(name: object, length: int = 60) -> str:
    """
    Return a name from a file, shortened, that plotly writes as it is.

    Examples
    --------
    >>> name_of("layers.0.<b>" + "x" * 90, 20)
    'layers.0.&#60;…xxxxxxxxx'
    """
    return escaped(short([one_line(name)], length)[0])


def markup(words: str) -> str:
    r"""
    Return words of this program with the mathematics and the line breaks of plotly.

    Examples
    --------
    >>> markup("eigenvalue $\\lambda$ of $W^T W$, in units of $4^{-3}$\nnot shown: 1 zero")
    'eigenvalue λ of W<sup>T</sup>W, in units of 4<sup>-3</sup><br>not shown: 1 zero'
    """
    parts = re.split(r"\$([^$]*)\$", words)
    parts[1::2] = map(_mathematics, parts[1::2])
    parts[::2] = ["<br>".join(map(_as_it_is, part.split("\n"))) for part in parts[::2]]
    return "".join(parts)


def _as_it_is(line: str) -> str:
    return line.translate(_ENTITIES)


def _mathematics(words: str) -> str:
    for command, letter in _LETTERS.items():
        words = words.replace(command, letter)
    scripts = re.split(r"([\^_])(?:\{([^}]*)\}|(\w))", words)
    out = scripts[0]
    for mark, long, single, rest in zip(*(scripts[i::4] for i in (1, 2, 3, 4)), strict=True):
        tag = _SCRIPTS[mark]
        out += f"<{tag}>{long or single}</{tag}>{rest.lstrip()}"
    return out
