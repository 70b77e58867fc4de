"""The CPU engine: a Program becomes a Plan of Pauli rotations, which kernels run and differentiate."""

from qml.engine.columns import Columns
from qml.engine.compile import Compiled, compile_program
from qml.engine.plan import Block, Plan, Turn
from qml.engine.words import WordMap

__all__ = ["Block", "Columns", "Compiled", "Plan", "Turn", "WordMap", "compile_program"]
