"""Storage: bytes by their place, on a disk or at a URL."""

__all__ = []
