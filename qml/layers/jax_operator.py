"""A plan on the CPU as plain JAX calls: values and gradients by XLA's foreign functions, or by Python callbacks.

Nothing here is differentiated or mapped: `qml.layers.jax_primitives` makes primitives of it.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.base.lazy import cached_property

require("jax", extra="jax", purpose="The JAX layer")
import jax
import jax.numpy as jnp
from jax.experimental.buffer_callback import buffer_callback

from qml.base.errors import CapabilityError
from qml.engine.plan import Plan
from qml.engine.rowed import rowed
from qml.engine.runner import Runner, runner_of
from qml.engine.traced import MAX_QUBITS
from qml.engine.xla import Station
from qml.engine.xla_layout import TOKEN_BYTES
from qml.layers.jax_ffi import interface_version, registered, scratch


class PlanOperator:
    """One Plan with the options of its runs; compared by identity, so get it from `plan_operator`.

    Args:
        plan: what to run.
        budget: bytes for kept kets.
        threads: threads of one call; None decides by the work.
    """

    def __init__(self, plan: Plan, budget: int, threads: int | None):
        self.plan, self.budget, self.threads = plan, budget, threads

    @cached_property
    def rowed(self) -> PlanOperator:
        """The same plan, every row with shared values of its own behind its row values."""
        return plan_operator(rowed(self.plan), self.budget, self.threads)

    def runner(self, dtype: Any, batch: int) -> Any:
        """The pooled runner of a precision and a number of rows."""
        return runner_of(self.plan, np.dtype(dtype), self.budget, batch)

    def station(self, dtype: Any, batch: int) -> tuple[str, Station] | None:
        """The plan as a foreign function of XLA; None where calls go through Python.

        They do where amplitudes are lanes: such a call costs milliseconds, beside which a callback is nothing.
        """
        version, runner = interface_version(), self.runner(dtype, batch)
        return None if version is None or not isinstance(runner, Runner) else registered(runner, version)

    def keeps(self, dtype: Any, batch: int) -> bool:
        """Whether a forward run of `batch` rows leaves something for its gradient, and a token to find it."""
        found = self.station(dtype, batch) if batch and self.plan.n_words else None
        return found is not None and found[1].keeps(batch)

    def check_second_order(self) -> None:
        """Raise `CapabilityError` where a derivative of the gradient is too large to be traced."""
        if self.plan.n_qubits > MAX_QUBITS:
            raise CapabilityError(
                f"A second derivative was asked for a Program of {self.plan.n_qubits} qubits; it is exact up to "
                f"{MAX_QUBITS} and not available beyond. First derivatives in reverse mode have no such bound."
            )

    def words(self, rows_BM: Any, shared_S: Any, *initial: Any, kept: bool = False) -> Any:
        """Values of all words `(B, W)`; with `kept` also a token for what was kept, `(TOKEN_BYTES,)`."""
        batch, dtype = rows_BM.shape[0], rows_BM.dtype
        out = jax.ShapeDtypeStruct((batch, self.plan.n_words), dtype)
        if not batch or not self.plan.n_words:
            return jnp.zeros(out.shape, dtype)
        found = self.station(dtype, batch)
        if found is None:
            return buffer_callback(self._write_words, out)(rows_BM, shared_S, *initial)
        name, station = found
        told, nbytes = station.call(batch, gradient=False, kept=kept, threads=self.threads, **_start_of(initial))
        results = [out, scratch(nbytes)]
        if kept:
            results.append(scratch(TOKEN_BYTES))
        words, _, *token = jax.ffi.ffi_call(name, results)(rows_BM, shared_S, *initial, call=told)
        return (words, token[0]) if kept else words

    def slopes(self, rows_BM: Any, shared_S: Any, *more: Any, kept: bool) -> tuple[Any, ...]:
        """Gradients by rows, shared values and amplitudes; `more` is `[initial], cotangent_BW, [token]`.

        Those of amplitudes are as JAX has them: `d loss = Re(sum(g * d amplitude))`, without a conjugate.
        """
        batch, dtype = rows_BM.shape[0], rows_BM.dtype
        initial = more[: self.plan.initial]
        if not batch or not self.plan.n_words:
            return tuple(jnp.zeros_like(array) for array in (rows_BM, shared_S, *initial))
        shapes = [jax.ShapeDtypeStruct(array.shape, dtype) for array in (rows_BM, shared_S)]
        if initial:
            shapes.append(jax.ShapeDtypeStruct((batch, initial[0].shape[1]), initial[0].dtype))
        found = self.station(dtype, batch)
        if found is None:
            results = buffer_callback(self._write_slopes, shapes)(rows_BM, shared_S, *more)
        else:
            name, station = found
            told, nbytes = station.call(batch, gradient=True, kept=kept, threads=self.threads, **_start_of(initial))
            results = jax.ffi.ffi_call(name, [*shapes, scratch(nbytes)])(rows_BM, shared_S, *more, call=told)
        if not initial:
            return results[0], results[1]
        by_initial = jnp.conj(results[2])
        if initial[0].shape[0] != batch:
            by_initial = by_initial.sum(0, keepdims=True)
        return results[0], results[1], by_initial

    def _write_words(self, context: Any, out: Any, *arrays: Any) -> None:
        rows, shared, *initial = map(_array, arrays)
        runner = self.runner(rows.dtype, len(rows))
        np.asarray(out)[...] = runner.forward(rows, shared, *initial, threads=self.threads).words_BW

    def _write_slopes(self, context: Any, out: Any, *arrays: Any) -> None:
        rows, shared, *initial, cotangent = map(_array, arrays)
        runner = self.runner(rows.dtype, len(rows))
        found = runner.gradients(rows, shared, cotangent, *initial, threads=self.threads)
        gradients = (found.rows_BM, found.shared_S, found.initial_BA)
        for buffer, gradient in zip(out, gradients, strict=False):
            if gradient is not None and 0 not in buffer.shape:
                np.asarray(buffer)[...] = gradient


def _start_of(initial: tuple[Any, ...]) -> dict[str, Any]:
    """What a call is told of its initial amplitudes."""
    return {"initial_rows": initial[0].shape[0] if initial else 0, "checked": bool(initial)}


def _array(buffer: Any) -> np.ndarray:
    """A view of an XLA buffer; an empty one has no address to view."""
    return np.empty(buffer.shape, buffer.dtype) if 0 in buffer.shape else np.ascontiguousarray(np.asarray(buffer))


_lock = threading.Lock()
_operators: dict[tuple[Plan, int, int | None], PlanOperator] = {}


def plan_operator(plan: Plan, budget: int, threads: int | None) -> PlanOperator:
    """The one operator of equal plans and options, kept for the life of the process as JAX's own caches are.

    Args:
        plan: what to run.
        budget: bytes for kept kets.
        threads: threads of one call; None decides by the work.
    """
    key = (plan, budget, threads)
    with _lock:
        return _operators.setdefault(key, PlanOperator(plan, budget, threads))
