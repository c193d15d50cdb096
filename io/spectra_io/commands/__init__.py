"""Commands of the command line."""

__all__ = []
