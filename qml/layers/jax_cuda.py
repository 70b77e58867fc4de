"""A Plan on a GPU as a JAX function: kernels on XLA's stream, in memory that XLA owns, through `buffer_callback`.

The callback is handed device buffers and the stream; it only puts launches on that stream. The packed Plan is an
operand and the workspace a result, so that nothing is allocated outside XLA.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.base.lazy import cached_property

require("jax", extra="jax", purpose="The CUDA engine for JAX")
import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.experimental.buffer_callback import buffer_callback

from qml.base.errors import CapabilityError
from qml.circuits.program import Program
from qml.engine.compile import compile_program
from qml.engine.gpu.driver import driver_of
from qml.engine.gpu.runner import GRADIENT, VALUES, Arrays, GpuRunner, Launcher
from qml.engine.mapped import mapped_columns, mapped_values
from qml.engine.plan import Plan
from qml.engine.rowed import rowed
from qml.engine.traced import MAX_QUBITS
from qml.engine.traced_plan import traced_plan


def circuit_function(program: Program, site: Site | None = None) -> Any:
    """`(inputs_BD, weights (P,) or (B, P)) -> values_BK` on a GPU, for `jit`, `vmap`, `grad` and `scan`.

    Second derivatives in reverse mode come from the traced form, to 12 qubits; forward mode is refused by JAX.

    Args:
        program: the circuit.
        site: where buffers live; None for the first CUDA device, looked for at the first call.

    Raises:
        MissingExtraError: at the first call: no driver, or no compiler for the kernels.

    Example:
        >>> from qml.circuits import angle, sel
        >>> values = circuit_function(angle(4) + sel(4, depth=2))
        >>> values(inputs_BD, weights_P)  # doctest: +SKIP
    """
    kept: dict[bool, Any] = {}

    def values(inputs_BD: jax.Array, weights: jax.Array) -> jax.Array:
        row_weights = weights.ndim == 2
        if row_weights not in kept:
            compiled = compile_program(program, row_weights)
            kept[row_weights] = (compiled, CudaOperator(compiled.plan, site))
        compiled, operator = kept[row_weights]
        rows, shared, initial = mapped_columns(compiled, jnp, inputs_BD, weights)
        return mapped_values(compiled, jnp, operator.function(rows, shared, *(() if initial is None else (initial,))))

    return values


class Site:
    """Where the buffers of a callback live: the first CUDA device of JAX."""

    def launcher(self) -> Launcher:
        """The device."""
        return driver_of(0)

    def stream(self, context: Any) -> int:
        """Handle of the stream that XLA runs the callback for."""
        return context.stream or 0

    def address(self, buffer: Any) -> int:
        """Where a buffer `(...)` lies; 0 for an empty one."""
        return 0 if 0 in buffer.shape else buffer.__cuda_array_interface__["data"][0]


class CudaOperator:
    """One Plan on one device: words and slopes as JAX calls, and the differentiable function of both.

    Args:
        plan: what to run.
        site: where buffers live; None for the first CUDA device.
    """

    def __init__(self, plan: Plan, site: Site | None = None):
        self.plan, self._site = plan, site or Site()
        self._lock = threading.Lock()
        self._runners: dict[str, GpuRunner] = {}

    @cached_property
    def rowed(self) -> CudaOperator:
        """The same Plan with shared values of each row behind its row values."""
        return CudaOperator(rowed(self.plan), self._site)

    @cached_property
    def function(self) -> Any:
        """`(rows_BM, shared_S, [initial_BA]) -> words_BW`, differentiable and mappable."""
        words_of, slopes_of = self._mapped_words(), self._differentiable_slopes()

        @jax.custom_vjp
        def function(*arrays):
            return words_of(*arrays)

        def forward(*arrays):
            return function(*arrays), arrays

        def backward(arrays, cotangent):
            return slopes_of(*arrays, cotangent)

        function.defvjp(forward, backward)
        return function

    def words(self, rows_BM: jax.Array, shared_S: jax.Array, *initial: jax.Array) -> jax.Array:
        """Values of the words `(B, W)`; not differentiable."""
        shape = (rows_BM.shape[0], self.plan.n_words)
        if 0 in shape:
            return jnp.zeros(shape, rows_BM.dtype)
        runner = self._runner(rows_BM.dtype)
        return self._call(runner, VALUES, ("values",), (shape,), rows_BM, shared_S, *initial)[0]

    def slopes(self, rows_BM: jax.Array, shared_S: jax.Array, *more: jax.Array) -> tuple[jax.Array, ...]:
        """Gradients by rows, shared values and amplitudes; `more` is `[initial_BA], cotangent_BW`; as JAX has them."""
        *initial, cotangent = more
        batch = rows_BM.shape[0]
        if not batch or not self.plan.n_words:
            return tuple(jnp.zeros_like(array) for array in (rows_BM, shared_S, *initial))
        runner = self._runner(rows_BM.dtype)
        names = ("grad_rows", "grad_shared", *("grad_initial" for _ in initial))
        shapes = (rows_BM.shape, shared_S.shape, *((batch, array.shape[1]) for array in initial))
        found = self._call(runner, GRADIENT, names, shapes, rows_BM, shared_S, *initial, cotangent=cotangent)
        if not initial:
            return tuple(found)
        by_initial = jnp.conj(found[2])
        return found[0], found[1], by_initial if len(initial[0]) == batch else by_initial.sum(0, keepdims=True)

    def _call(self, runner: GpuRunner, mode: int, names, shapes, *arrays, cotangent=None) -> list[jax.Array]:
        """One callback: `names` of results with their shapes, and the workspace behind them."""
        rows, shared, *initial = arrays
        batch, dtype = rows.shape[0], rows.dtype
        complex_dtype = np.dtype(np.complex64 if dtype == np.float32 else np.complex128)
        results = [
            jax.ShapeDtypeStruct(shape, complex_dtype if name == "grad_initial" else dtype)
            for name, shape in zip(names, shapes, strict=True)
        ]
        results.append(jax.ShapeDtypeStruct((runner.shape(batch, mode).nbytes,), np.uint8))
        given = {"program": jnp.asarray(runner.packed.blob), "rows": rows, "shared": shared}
        given |= {"initial": initial[0]} if initial else {}
        given |= {} if cotangent is None else {"cotangent": cotangent}
        initial_rows = initial[0].shape[0] if initial else 0

        def launch(context, out, *buffers):
            addresses = {name: self._site.address(buffer) for name, buffer in zip(given, buffers, strict=True)}
            addresses |= {
                name: self._site.address(buffer) for name, buffer in zip((*names, "workspace"), out, strict=True)
            }
            runner.run(self._site.stream(context), Arrays(**addresses, initial_rows=initial_rows), batch, mode)

        return list(buffer_callback(launch, results, command_buffer_compatible=True)(*given.values()))[:-1]

    def _runner(self, dtype: Any) -> GpuRunner:
        name = np.dtype(dtype).name
        with self._lock:
            if name not in self._runners:
                self._runners[name] = GpuRunner(self.plan, name, self._site.launcher())
            return self._runners[name]

    # ------------------------------------------------------------------------------------- transformations

    def _mapped_words(self) -> Any:
        @custom_vmap
        def words_of(*arrays):
            return self.words(*arrays)

        @words_of.def_vmap
        def _(size, mapped, *arrays):
            operator, rows, shared, *initial = self._flat(size, mapped, *arrays)
            words = operator._mapped_words()(rows, shared, *initial)
            return words.reshape(size, -1, words.shape[-1]), True

        return words_of

    def _mapped_slopes(self) -> Any:
        @custom_vmap
        def slopes_of(*arrays):
            return self.slopes(*arrays)

        @slopes_of.def_vmap
        def _(size, mapped, rows, shared, *more):
            sets = shared if mapped[1] else jnp.broadcast_to(shared, (size, *shared.shape))
            *initial, cotangent = more
            seeds = _first(cotangent, mapped[-1], size)
            told = [mapped[0], True, *mapped[2:-1]]
            operator, flat_rows, none, *flat_initial = self._flat(size, told, rows, sets, *initial)
            found = operator._mapped_slopes()(flat_rows, none, *flat_initial, seeds.reshape(-1, seeds.shape[-1]))
            by_rows = found[0].reshape(size, -1, found[0].shape[-1])
            cut = self.plan.n_rows
            out = [by_rows[..., :cut], by_rows[..., cut : cut + self.plan.n_shared].sum(1)]
            for array, gradient in zip(initial, found[2:], strict=True):
                shape = array.shape[1:] if mapped[2] else array.shape
                gradient = gradient.reshape(size, -1, gradient.shape[-1])
                out.append(gradient if gradient.shape[1] == shape[0] else gradient.sum(1, keepdims=True))
            return tuple(out), tuple(True for _ in out)

        return slopes_of

    def _flat(self, size: int, mapped: Any, rows, shared, *initial) -> tuple[Any, ...]:
        """Mapped arrays as more rows of one run; mapped shared values stand in the rows of the rowed Plan."""
        rows = _first(rows, mapped[0], size)
        batch = rows.shape[1]
        if initial:
            states = _first(initial[0], mapped[2], size)
            initial = (jnp.broadcast_to(states, (size, batch, states.shape[-1])).reshape(size * batch, -1),)
        if not mapped[1]:
            return self, rows.reshape(size * batch, -1), shared, *initial
        sets = jnp.broadcast_to(shared[:, None], (size, batch, shared.shape[-1]))
        rows = jnp.concatenate([rows, sets], -1).reshape(size * batch, -1)
        return self.rowed, rows, jnp.zeros(0, rows.dtype), *initial

    def _differentiable_slopes(self) -> Any:
        """Slopes whose own derivative comes from the traced form."""
        slopes_of = self._mapped_slopes()

        @jax.custom_vjp
        def function(*arrays):
            return slopes_of(*arrays)

        def forward(*arrays):
            return function(*arrays), arrays

        def backward(arrays, cotangents):
            if self.plan.n_qubits > MAX_QUBITS:
                raise CapabilityError(
                    f"A second derivative was asked for a circuit of {self.plan.n_qubits} qubits; it is exact up to "
                    f"{MAX_QUBITS} and not available beyond. First derivatives have no such bound."
                )

            def gradients(*given):
                *given, seed = given
                return jax.vjp(lambda *a: traced_plan(self.plan, jnp, *a), *given)[1](seed)

            return jax.vjp(gradients, *arrays)[1](cotangents)

        function.defvjp(forward, backward)
        return function


def _first(array: Any, mapped: bool, size: int) -> Any:
    """`array` with the mapped axis in front; repeated where nothing is mapped."""
    return array if mapped else jnp.broadcast_to(array, (size, *array.shape))
