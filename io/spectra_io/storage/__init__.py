"""Storage: read bytes of files on a disk or at a URL."""

__all__: list[str] = []
