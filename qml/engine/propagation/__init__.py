"""Expectation values of wide, shallow circuits: observables carried backwards as sums of Pauli words, with a bound."""

from qml.engine.propagation.propagate import Propagated, propagate

__all__ = ["Propagated", "propagate"]
