"""GGUF models: the header of the file, its blocks of quantized numbers, and its metadata."""

__all__: list[str] = []
