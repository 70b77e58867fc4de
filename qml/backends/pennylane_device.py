"""The PennyLane device `qml.engine`: any QNode on our CPU engine, batches and gradients in one sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qml.backends import Executor, executor_named
from qml.backends.pennylane_device_runs import TapeRuns
from qml.backends.pennylane_device_states import results_of_states
from qml.backends.pennylane_device_tapes import needs_state
from qml.backends.pennylane_device_through_states import through_the_state
from qml.backends.pennylane_device_transforms import NAME, pipeline, refuse_second_order_of_torch
from qml.base.errors import CapabilityError, ConfigError
from qml.base.extras import require

require("pennylane", extra="pennylane", purpose="The PennyLane device")
from pennylane.devices import Device, ExecutionConfig, MCMConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.math import Interface
from pennylane.measurements import ProbabilityMP
from pennylane.tape import QuantumScript

DTYPES = {np.dtype(np.complex64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.float64)}
WIDEST_JACOBIAN = 64
"""Outputs up to which a Jacobian is taken in JAX, so that forward mode and `jax.vmap` work."""
DIFFERENTIATING = (Interface.TORCH, Interface.AUTOGRAD, Interface.JAX, Interface.JAX_JIT)
METHODS = ("best", "device", "adjoint")

Tapes = Sequence[QuantumScript]


class Gradient(tuple):
    """Gradients by parameter, which torch's interface of PennyLane may ask to `squeeze` though shapes differ."""

    def squeeze(self) -> np.ndarray:
        """An array with an entry a gradient: the interface looks only at whether there are any."""
        return np.empty(len(self))


@simulator_tracking
@single_tape_support
class EngineDevice(Device):
    """PennyLane device over the CPU engine: `qp.device("qml.engine", wires=4)`.

    A tape becomes one Program whose slots are all the numbers that gates turn by; it is compiled once for each
    structure. A batch dimension stays one, and `expval`, `var` and `probs` are differentiated by one adjoint sweep;
    everything else is made from the state, with derivatives from the tangents of the state.
    Not for noise, mid-circuit branches without deferral, or `diff_method="backprop"`.

    Args:
        wires: number or labels of wires; None takes those of each tape.
        shots: default shots of a tape (PennyLane prefers `qp.set_shots` on the QNode).
        seed: of the shots, an integer; None draws one from the system.
        c_dtype: `np.complex64` or `np.complex128`; None runs in float32 where all parameters are float32 arrays, and
            in float64 otherwise.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, or None for the CPU engine.

    Raises:
        ConfigError: a `c_dtype` that is neither.

    Example:
        >>> import pennylane as qp
        >>> device = EngineDevice(wires=1, executor="reference")
        >>> @qp.qnode(device)
        ... def circuit(angle):
        ...     qp.RX(angle, 0)
        ...     return qp.expval(qp.Z(0))
        >>> circuit(np.array([0.0, np.pi])).round(6)
        array([ 1., -1.])
    """

    config_filepath = str(Path(__file__).with_name("pennylane_device.toml"))

    def __init__(
        self,
        wires: Any = None,
        shots: Any = None,
        *,
        seed: int | None = None,
        c_dtype: Any = None,
        executor: str | Executor | None = None,
    ):
        super().__init__(wires=wires, shots=shots)
        if c_dtype is not None and np.dtype(c_dtype) not in DTYPES:
            raise ConfigError(
                f"c_dtype of {NAME!r} is complex64, complex128 or None (as the parameters); got {c_dtype}."
            )
        dtype = None if c_dtype is None else DTYPES[np.dtype(c_dtype)]
        self._runs = TapeRuns(executor_named(executor), self.wires, dtype)
        self._random = np.random.default_rng(seed)

    @property
    def name(self) -> str:
        """`"qml.engine"`."""
        return NAME

    def supports_derivatives(
        self, execution_config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> bool:
        """First derivatives of everything analytic, by `"best"`, `"device"` or `"adjoint"`."""
        if execution_config is None:
            return True
        if execution_config.gradient_method not in METHODS or execution_config.derivative_order != 1:
            return False
        return circuit is None or not circuit.shots

    supports_vjp = supports_derivatives
    supports_jvp = supports_derivatives

    def setup_execution_config(
        self, config: ExecutionConfig | None = None, circuit: QuantumScript | None = None
    ) -> ExecutionConfig:
        """Resolve what is open: derivatives by the device's vector-Jacobian products, measurements deferred.

        In JAX a tape without a batch is differentiated through its Jacobian, which serves forward mode and
        `jax.vmap` too; a batch, a state, or more than 64 outputs by vector-Jacobian products, in reverse mode alone.

        Raises:
            ConfigError: a device option, which this device has none of.
            CapabilityError: mid-circuit measurements by another method than deferral.
        """
        config = config or ExecutionConfig()
        if config.device_options:
            raise ConfigError(f"Device {NAME!r} has no device options; got {sorted(config.device_options)}.")
        changes: dict[str, Any] = {"mcm_config": _deferred(config.mcm_config)}
        if self.supports_derivatives(config, circuit):
            changes["gradient_method"] = "device"
            changes["use_device_gradient"] = True
            changes["use_device_jacobian_product"] = True
            changes["grad_on_execution"] = False
            if config.interface in (Interface.JAX, Interface.JAX_JIT) and circuit is not None:
                changes |= _in_jax(config.interface, circuit)
        return replace(config, **changes)

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None) -> Any:
        """PennyLane's decompositions down to the gate table, and its checks; see `pipeline`."""
        return pipeline(self.wires, execution_config or ExecutionConfig())

    def execute(self, circuits: Tapes, execution_config: ExecutionConfig | None = None) -> tuple:
        """Results of each tape; tapes of one structure are rows of one run.

        Raises:
            DataError: a parameter is not finite.
            CapabilityError: more qubits than the executor runs.
        """
        config = execution_config or ExecutionConfig()
        keep = bool(config.use_device_jacobian_product) and config.interface in DIFFERENTIATING
        return self._results(circuits, keep)

    def compute_vjp(
        self, circuits: Tapes, cotangents: Sequence[Any], execution_config: ExecutionConfig | None = None
    ) -> tuple:
        """Gradients of `sum(results * cotangents)` by the trainable parameters of each tape, in one sweep."""
        return self._vjps(circuits, cotangents, execution_config)

    def execute_and_compute_vjp(
        self, circuits: Tapes, cotangents: Sequence[Any], execution_config: ExecutionConfig | None = None
    ) -> tuple:
        """Results and gradients; the second run starts from the states of the first."""
        return self._results(circuits, keep=True), self._vjps(circuits, cotangents, execution_config)

    def compute_derivatives(self, circuits: Tapes, execution_config: ExecutionConfig | None = None) -> tuple:
        """The Jacobian of each tape, all outputs in one sweep of repeated rows."""
        return tuple(jacobian.nested() for jacobian in self._runs.jacobians(circuits))

    def execute_and_compute_derivatives(
        self, circuits: Tapes, execution_config: ExecutionConfig | None = None
    ) -> tuple:
        """Results and Jacobians."""
        return self._results(circuits), tuple(jacobian.nested() for jacobian in self._runs.jacobians(circuits))

    def compute_jvp(
        self, circuits: Tapes, tangents: Sequence[Any], execution_config: ExecutionConfig | None = None
    ) -> tuple:
        """Derivatives of the results of each tape along the tangents of its trainable parameters."""
        return self._jvps(circuits, tangents)

    def execute_and_compute_jvp(
        self, circuits: Tapes, tangents: Sequence[Any], execution_config: ExecutionConfig | None = None
    ) -> tuple:
        """Results and their derivatives along tangents."""
        return self._results(circuits), self._jvps(circuits, tangents)

    def _results(self, tapes: Tapes, keep: bool = False) -> tuple:
        runs, by_state = self._runs, [needs_state(tape) for tape in tapes]
        of_states = [tape for tape, state in zip(tapes, by_state, strict=True) if state]
        of_values = [tape for tape, state in zip(tapes, by_state, strict=True) if not state]
        drawn = iter(results_of_states(of_states, runs.programs, runs.executor, runs.dtype, self._random))
        exact = iter(runs.results(of_values, keep))
        return tuple(next(drawn) if state else next(exact) for state in by_state)

    def _vjps(self, tapes: Tapes, cotangents: Sequence[Any], config: ExecutionConfig | None) -> tuple:
        in_torch = config is not None and config.interface == Interface.TORCH
        if in_torch:
            refuse_second_order_of_torch()
        vjps = self._runs.vjps(tapes, cotangents)
        return tuple(map(Gradient, vjps)) if in_torch else tuple(vjps)

    def _jvps(self, tapes: Tapes, tangents: Sequence[Any]) -> tuple:
        jacobians = self._runs.jacobians(tapes)
        return tuple(jacobian.along(tangent) for jacobian, tangent in zip(jacobians, tangents, strict=True))


def _in_jax(interface: Any, circuit: QuantumScript) -> dict[str, Any]:
    """Which of PennyLane's two ways through JAX a tape takes: by a Jacobian, of one row and real, or by VJPs."""
    sizes = [2 ** len(m.wires or circuit.wires) if isinstance(m, ProbabilityMP) else 1 for m in circuit.measurements]
    by_state = any(map(through_the_state, circuit.measurements))
    if circuit.batch_size is None and sum(sizes) <= WIDEST_JACOBIAN and not by_state:
        return {"interface": Interface.JAX_JIT, "convert_to_numpy": True}
    return {"interface": interface, "convert_to_numpy": False}


def _deferred(config: Any) -> MCMConfig:
    """Mid-circuit measurements are deferred to the end, with a wire each."""
    if config.mcm_method == "deferred":
        return config
    if config.mcm_method is not None:
        raise CapabilityError(
            f"Device {NAME!r} was asked for mid-circuit measurements by mcm_method={str(config.mcm_method)!r}; it "
            f"defers them to the end of the circuit. Leave mcm_method out, or take 'default.qubit'."
        )
    return replace(config, mcm_method="deferred")
