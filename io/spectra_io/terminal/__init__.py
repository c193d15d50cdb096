"""The terminal: tables as text, and messages."""

__all__: list[str] = []
