"""The gradient that Qiskit Machine Learning takes as an argument, by our adjoint instead of shifted circuits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qml.backends import Executor
from qml.backends.qiskit_circuits import KnownCircuits
from qml.backends.qiskit_estimator import EngineEstimator
from qml.backends.qiskit_jacobian import gradients
from qml.base.extras import require

require("qiskit_machine_learning", extra="qiskit-ml", purpose="EngineEstimatorGradient")
from qiskit import QuantumCircuit
from qiskit.providers import Options
from qiskit_machine_learning.gradients import (  # pyright: ignore[reportMissingImports]
    BaseEstimatorGradient,
    EstimatorGradientResult,
)


class EngineEstimatorGradient(BaseEstimatorGradient):
    """Exact gradients of expectation values: one call of an Executor for all samples, observables and parameters.

    Where the parameter-shift rule of Qiskit Machine Learning runs two circuits for each occurrence of each parameter,
    sample and observable, this runs one forward and one backward sweep over a batch of rows. Values are exact, so it
    is not the gradient of an estimator with noise.

        EstimatorQNN(..., estimator=EngineEstimator(), gradient=EngineEstimatorGradient(), input_gradients=True)

    Args:
        executor: a name of `qml.backends.EXECUTORS`, an Executor, or None for the default.

    Raises:
        MissingExtraError: Qiskit Machine Learning is not installed.
        CapabilityError: an executor that does not give exact values.
        ConfigError: an executor that is not known.
    """

    def __init__(self, executor: str | Executor | None = None):
        estimator = EngineEstimator(executor=executor)
        super().__init__(estimator)
        self._executor = estimator.executor
        self._known = KnownCircuits()

    def _run(
        self,
        circuits: Sequence[QuantumCircuit],
        observables: Sequence[Any],
        parameter_values: Sequence[Sequence[float]] | np.ndarray,
        parameters: Sequence[Sequence[Any]],
        **options: Any,
    ) -> EstimatorGradientResult:
        """What `run` starts as a job; the arguments are of one length."""
        found = gradients(self._executor, self._known, circuits, observables, parameter_values, parameters)
        metadata = [{"parameters": list(group)} for group in parameters]
        return EstimatorGradientResult(gradients=found, metadata=metadata, options=Options(**options))
