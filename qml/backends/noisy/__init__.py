"""Exact, differentiable simulation of circuits under noise, in batches."""

from qml.backends.noisy.executor import NoisyExecutor

__all__ = ["NoisyExecutor"]
