"""Trainings in plain NumPy whose results the pages show."""
