"""Derivatives of machines that only run circuits: Executors made of a Backend."""

from qml.backends.shifts.executor import ShiftedExecutor
from qml.backends.shifts.slopes import Slopes
from qml.backends.shifts.spsa import SpsaExecutor

__all__ = ["ShiftedExecutor", "Slopes", "SpsaExecutor"]
