"""
Report on models for people: one page of HTML that needs no network, or Markdown.

The page opens with the diagnosis in words, and has a table of all layers that can be sorted and
filtered. A layer that is clicked shows its pictures, and each number with its meaning, what noise
of the same shape would give, and how sure it is. Several models stand side by side. The report
comes with the extra ``report``.

- :func:`page`: report as HTML
- :func:`markdown`: report as Markdown, for a model card or a pull request
- :func:`to_file`: report that is written to a file
- :func:`check`: check that a report can be written, before the analysis
"""

from spectra_io.report._files import FORMATS, check, to_file
from spectra_io.report._markdown import markdown
from spectra_io.report._pages import page

__all__ = ["FORMATS", "check", "markdown", "page", "to_file"]
