"""Shapes: what a graph tells of the lengths of its arrays, and of integers made of them."""

__all__: list[str] = []
