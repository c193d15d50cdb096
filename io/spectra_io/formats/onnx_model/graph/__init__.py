"""ONNX graphs: follow constants to the operators that use them as weights."""

__all__: list[str] = []
