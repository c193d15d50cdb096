"""Formats: what the files of each format hold."""

__all__: list[str] = []
