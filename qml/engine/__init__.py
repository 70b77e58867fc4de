"""The CPU engine: a Program becomes a Plan of Pauli rotations, which kernels run and differentiate."""

from qml.engine.plan import Block, Plan, Turn

__all__ = ["Block", "Plan", "Turn"]
