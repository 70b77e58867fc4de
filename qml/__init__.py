"""Quantum circuits in deep networks, trained at deep-learning speed and judged honestly."""

__version__ = "0.1.0"
