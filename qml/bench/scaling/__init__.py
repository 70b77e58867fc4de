"""How a score grows with the number of training rows: laws, their intervals, and what they say of two contestants."""

from qml.bench.scaling.choice import Choice, choose
from qml.bench.scaling.growth import Growth
from qml.bench.scaling.law import Law, fit

__all__ = ["Choice", "Growth", "Law", "choose", "fit"]
