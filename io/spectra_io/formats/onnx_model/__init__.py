"""ONNX models: the file, its numbers and its graph."""

__all__ = []
