"""Operators: what each does with its constant inputs."""

__all__: list[str] = []
