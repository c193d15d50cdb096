"""The terminal: tables as text, progress, and messages."""

__all__ = []
