"""
The gate of ``spectra check``: where rules come from, and reports of models checked by them.

- ``sources``: rules of options, files and projects (``chosen``)
- ``reports``: the outcome of every model, with the exit code (``Report``)
- ``texts``, ``markdown``, ``documents``, ``sarif``: a report as text, Markdown, JSON and SARIF
- ``files``: a report in one of these formats, written to a file (``save``)
"""

__all__: list[str] = []
