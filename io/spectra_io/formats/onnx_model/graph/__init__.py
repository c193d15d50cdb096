"""ONNX graphs: the constants in them, followed to the operators that compute with them."""

__all__: list[str] = []
