"""Aer, Qiskit's simulator, as a Backend: state vectors, density matrices with noise, matrix product states."""

from qml.backends.aer.backend import METHODS, AerBackend

__all__ = ["METHODS", "AerBackend"]
