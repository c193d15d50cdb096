"""Print tables and messages in the terminal."""

__all__: list[str] = []
