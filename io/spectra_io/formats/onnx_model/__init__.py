"""ONNX models: the file, its numbers and its graph."""

__all__: list[str] = []
