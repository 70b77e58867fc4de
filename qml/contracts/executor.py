"""Does it run and differentiate Programs as the others do? Asked of any Executor, against the dense reference."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from qml.backends import Executor
from qml.base.errors import CapabilityError, DataError
from qml.circuits import CIRCUITS, Program, weight_slot, z_each
from qml.circuits.gate import Gate
from qml.circuits.readouts import READOUTS
from qml.contracts.report import NotApplicable, Report, require, run_checks
from qml.engine import reference

ROWS = 5
SIGMAS = 6.0
SHOTS = 500
DRAWS = 40
BIAS = 0.05  # of the largest derivative: what a difference quotient with a finite step may be off
TOLERANCE = {"float32": 2e-5, "float64": 1e-9}


def check_executor(executor: Executor, *, seed: int = 1, n_qubits: int = 3) -> Report:
    """Check an Executor: values and gradients against the dense reference, and the rest of its promises.

    Asked of every circuit of `qml.circuits.CIRCUITS` and every readout that it claims, in every dtype that it
    claims: shared and per-row weights, empty batch, a batch equal to its rows, arguments left alone, equal results
    of equal calls, a residual that may be used twice, pickle, refusal of Programs that are too wide and of weights
    that are not finite, and states and samples where they are claimed. Where values are estimates from shots they
    must come with a variance and lie within six standard deviations, and a call without a seed must be refused.
    Gradients that are estimates must have the right shape and be finite, and the mean of 40 draws, half of them with
    the residual of a forward run, must lie within six standard errors (and 5 % of the largest derivative).

    Args:
        executor: what to check.
        seed: of inputs, weights and shots.
        n_qubits: of the circuits.

    Example:
        >>> from qml.backends import executor_named
        >>> check_executor(executor_named("reference")).ok
        True
    """
    case = _Case(executor, seed, n_qubits)
    checks: list[tuple[str, Callable[[], Any]]] = []
    for dtype in executor.capabilities.dtypes:
        for name in case.programs:
            checks.append((f"{name} in {dtype}", partial(case.agrees, name, np.dtype(dtype))))
    checks += [
        ("per-row weights", case.row_weights),
        ("empty batch", case.empty_batch),
        ("batch equals its rows", case.rows_alone),
        ("arguments left alone", case.arguments_alone),
        ("equal calls, equal results", case.repeats),
        ("residual", case.residual),
        ("mean of estimated gradients", case.estimated_gradients),
        ("estimates need a seed", case.needs_seed),
        ("pickle", case.pickles),
        ("refuses what is too wide", case.refuses_width),
        ("refuses weights that are not finite", case.refuses_nan),
        ("states", case.states),
        ("samples", case.samples),
    ]
    return run_checks(f"executor {executor.capabilities.name}", checks)


class _Case:
    """One Executor under check, with Programs to try it on."""

    def __init__(self, executor: Executor, seed: int, n_qubits: int):
        self.executor, self.seed = executor, seed
        self.able = executor.capabilities
        self.random = np.random.default_rng(seed)
        self.programs = {f"circuit {name}": make(n_qubits, 2) for name, make in CIRCUITS.items()}
        first = next(iter(self.programs.values()))
        for name, readout in READOUTS.items():
            self.programs[f"readout {name}"] = first.with_readout(readout(n_qubits))
        self.first = first

    def arguments(self, program: Program, dtype: np.dtype, per_row: bool = False, rows: int = ROWS) -> tuple:
        """Inputs, weights and a cotangent for `program`."""
        sizes = ((rows, program.n_inputs), (rows, program.n_weights) if per_row else (program.n_weights,))
        inputs, weights = (self.random.uniform(-1.2, 1.5, size).astype(dtype) for size in sizes)
        return inputs, weights, self.random.normal(size=(rows, program.n_values)).astype(dtype)

    @property
    def dtype(self) -> np.dtype:
        """The most precise dtype."""
        return np.dtype("float64" if "float64" in self.able.dtypes else "float32")

    def agrees(self, name: str, dtype: np.dtype, per_row: bool = False) -> None:
        """Values and gradients of the reference."""
        program = self.programs[name]
        if type(program.readout).__name__ not in self.able.readouts:
            raise NotApplicable(f"the readout {type(program.readout).__name__} is not among {self.able.readouts}")
        inputs, weights, cotangent = self.arguments(program, dtype, per_row)
        try:
            out = self.executor.forward(program, inputs, weights, seed=self.seed)
        except CapabilityError as refusal:
            raise NotApplicable(f"refused: {refusal}") from refusal
        require(out.values_BK.dtype == dtype, f"{dtype} inputs give {out.values_BK.dtype} values")
        exact = reference.values(program, inputs, weights)
        require(out.values_BK.shape == exact.shape, f"values have shape {out.values_BK.shape}, not {exact.shape}")
        found = self.executor.vjp(program, inputs, weights, cotangent, seed=self.seed)
        wanted = reference.gradients(program, inputs, weights, cotangent)
        pairs = [("inputs", found.inputs_BD, wanted.inputs_BD), ("weights", found.weights, wanted.weights)]
        for what, got, right in pairs:
            require(got.shape == right.shape, f"gradient of {what} has shape {got.shape}, not {right.shape}")
            require(got.dtype == dtype, f"gradient of {what} is {got.dtype}, not {dtype}")
            require(bool(np.isfinite(got).all()), f"gradient of {what} is not finite")
        if self.able.exact:
            slack = self.able.max_error * (1 + float(np.abs(cotangent).sum()))
            for what, got, right in [("values", out.values_BK, exact), *pairs]:
                _near(got, right, what, TOLERANCE[dtype.name] + slack)
        else:
            require(out.variance_BK is not None, "estimates come without a variance")
            spread = np.sqrt(np.asarray(out.variance_BK))
            spread = np.maximum(spread, np.median(spread)) + 1e-6  # shots that all agree estimate no variance
            worst = float((np.abs(out.values_BK - exact) / spread).max())
            require(worst <= SIGMAS, f"a value lies {worst:.1f} standard deviations off")

    def row_weights(self) -> None:
        """One set of weights a row."""
        if not self.able.row_weights:
            raise NotApplicable("capabilities.row_weights is false")
        self.agrees(next(iter(self.programs)), self.dtype, per_row=True)

    def empty_batch(self) -> None:
        """No rows: shapes, and zero gradients."""
        inputs, weights, cotangent = self.arguments(self.first, self.dtype, rows=0)
        values = self.executor.forward(self.first, inputs, weights, seed=self.seed).values_BK
        require(values.shape == (0, self.first.n_values), f"an empty batch gives shape {values.shape}")
        found = self.executor.vjp(self.first, inputs, weights, cotangent, seed=self.seed)
        require(found.inputs_BD.shape == inputs.shape, f"gradient of no inputs has shape {found.inputs_BD.shape}")
        require(found.weights.shape == weights.shape and not found.weights.any(), "an empty batch moves the weights")

    def rows_alone(self) -> None:
        """Each row by itself gives what it gives within a batch."""
        self._exact()
        inputs, weights, _ = self.arguments(self.first, self.dtype)
        whole = self.executor.forward(self.first, inputs, weights).values_BK
        for row in range(ROWS):
            alone = self.executor.forward(self.first, inputs[row : row + 1], weights).values_BK
            _near(alone[0], whole[row], f"row {row} alone", TOLERANCE[self.dtype.name])

    def arguments_alone(self) -> None:
        """Inputs, weights and cotangent are not written on."""
        arrays = self.arguments(self.first, self.dtype)
        before = [array.copy() for array in arrays]
        self.executor.forward(self.first, *arrays[:2], seed=self.seed, keep=True)
        self.executor.vjp(self.first, *arrays, seed=self.seed)
        for what, array, old in zip(("inputs", "weights", "cotangent"), arrays, before, strict=True):
            require(bool((array == old).all()), f"{what} were overwritten")

    def repeats(self) -> None:
        """The same call twice gives the same bits."""
        inputs, weights, cotangent = self.arguments(self.first, self.dtype)
        values = [self.executor.forward(self.first, inputs, weights, seed=self.seed).values_BK for _ in range(2)]
        require(bool((values[0] == values[1]).all()), "two equal calls of forward differ")
        found = [self.executor.vjp(self.first, inputs, weights, cotangent, seed=self.seed) for _ in range(2)]
        same = (found[0].weights == found[1].weights).all() and (found[0].inputs_BD == found[1].inputs_BD).all()
        require(bool(same), "two equal calls of vjp differ")

    def residual(self) -> None:
        """What forward keeps gives the same gradients, also when it is used twice."""
        self._exact()
        inputs, weights, cotangent = self.arguments(self.first, self.dtype)
        kept = self.executor.forward(self.first, inputs, weights, keep=True).residual
        if kept is None:
            raise NotApplicable("nothing is kept")
        plain = self.executor.vjp(self.first, inputs, weights, cotangent)
        for _ in range(2):
            found = self.executor.vjp(self.first, inputs, weights, cotangent, residual=kept)
            _near(found.weights, plain.weights, "gradient of weights with residual", TOLERANCE[self.dtype.name])
            _near(found.inputs_BD, plain.inputs_BD, "gradient of inputs with residual", TOLERANCE[self.dtype.name])

    def estimated_gradients(self) -> None:
        """Gradients that are drawn are right on average, with and without what forward keeps."""
        if self.able.exact:
            raise NotApplicable("values are exact")
        inputs, weights, cotangent = self.arguments(self.first, self.dtype)
        exact = reference.gradients(self.first, inputs, weights, cotangent)
        drawn = []
        for seed in range(self.seed, self.seed + DRAWS):
            kept = (
                self.executor.forward(self.first, inputs, weights, seed=seed, keep=True).residual if seed % 2 else None
            )
            drawn.append(self.executor.vjp(self.first, inputs, weights, cotangent, seed=seed, residual=kept))
        parts = [("inputs", [d.inputs_BD for d in drawn], exact.inputs_BD)]
        for what, found, right in [*parts, ("weights", [d.weights for d in drawn], exact.weights)]:
            error = np.std(found, axis=0) / np.sqrt(DRAWS - 1)
            gap = np.abs(np.mean(found, axis=0) - right) - SIGMAS * error - BIAS * np.abs(right).max()
            require(bool((gap <= 0).all()), f"the mean gradient of {what} is biased by {gap.max():.3g} beyond chance")

    def needs_seed(self) -> None:
        """What is drawn without a seed is refused before anything runs."""
        if self.able.exact:
            raise NotApplicable("values are exact")
        inputs, weights, _ = self.arguments(self.first, self.dtype)
        try:
            self.executor.forward(self.first, inputs, weights)
        except CapabilityError as refusal:
            require("seed" in str(refusal), f"the refusal says only: {refusal}")
            return
        require(False, "a call without a seed was not refused")

    def pickles(self) -> None:
        """An Executor brought back from its bytes gives the same values."""
        twin = pickle.loads(pickle.dumps(self.executor))  # noqa: S301
        inputs, weights, _ = self.arguments(self.first, self.dtype)
        values = [e.forward(self.first, inputs, weights, seed=self.seed).values_BK for e in (self.executor, twin)]
        require(bool((values[0] == values[1]).all()), "values differ after pickle")

    def refuses_width(self) -> None:
        """One qubit more than it claims is a CapabilityError before anything runs."""
        n_qubits = self.able.max_qubits + 1
        wide = Program(n_qubits, (Gate("RX", (0,), (weight_slot(0),)),), n_weights=1)
        try:
            self.executor.forward(wide, np.zeros((1, 0), self.dtype), np.zeros(1, self.dtype), seed=self.seed)
        except CapabilityError:
            return
        require(False, f"a Program of {n_qubits} qubits was not refused")

    def refuses_nan(self) -> None:
        """A weight that is NaN or infinite is a DataError that names it, before anything runs."""
        inputs, weights, cotangent = self.arguments(self.first, self.dtype)
        for bad in (np.nan, np.inf):
            weights[1] = bad
            for ask in (self.executor.forward, partial(self.executor.vjp, cotangent_BK=cotangent)):
                try:
                    ask(self.first, inputs, weights, seed=self.seed)
                except DataError as refusal:
                    require("not finite" in str(refusal), f"the refusal of a weight {bad} says only: {refusal}")
                    continue
                require(False, f"a weight of {bad} was not refused")

    def states(self) -> None:
        """States of the reference, global phase included, in every dtype."""
        if not self.able.states:
            raise NotApplicable("capabilities.states is false")
        executor: Any = self.executor
        for dtype in self.able.dtypes:
            for name, program in self.programs.items():
                inputs, weights, _ = self.arguments(program, np.dtype(dtype))
                found = executor.states(program, inputs, weights)
                wanted = np.result_type(dtype, np.complex64)
                require(found.dtype == wanted, f"{dtype} inputs give {found.dtype} states")
                _near(found, reference.states(program, inputs, weights), f"states of {name}", TOLERANCE[dtype])

    def samples(self) -> None:
        """Zeros and ones whose means are those of the states; equal seeds, equal samples; rows on their own."""
        if not self.able.samples:
            raise NotApplicable("capabilities.samples is false")
        executor: Any = self.executor
        inputs, weights, _ = self.arguments(self.first, self.dtype)
        found = executor.sample(self.first, inputs, weights, SHOTS, seed=self.seed)
        shape = (ROWS, SHOTS, self.first.n_qubits)
        require(
            found.shape == shape and found.dtype == np.uint8, f"samples are {found.dtype} {found.shape}, not {shape}"
        )
        require(bool((found <= 1).all()), "a bit is neither 0 nor 1")
        again = executor.sample(self.first, inputs, weights, SHOTS, seed=self.seed)
        require(bool((again == found).all()), "equal seeds give other samples")
        other = executor.sample(self.first, inputs, weights, SHOTS, seed=self.seed + 1)
        require(bool((other != found).any()), "another seed gives the same samples")
        fewer = executor.sample(self.first, inputs[:2], weights, SHOTS, seed=self.seed)
        require(bool((fewer == found[:2]).all()), "samples of a row depend on other rows")
        chances_BQ = (1 - reference.values(self.first.with_readout(z_each(range(shape[2]))), inputs, weights)) / 2
        spread = np.sqrt(chances_BQ * (1 - chances_BQ) / SHOTS) + 1e-3
        worst = float((np.abs(found.mean(axis=1) - chances_BQ) / spread).max())
        require(worst <= SIGMAS, f"the mean of a bit lies {worst:.1f} standard deviations off")

    def _exact(self) -> None:
        if not self.able.exact:
            raise NotApplicable("values are estimates")


def _near(found: np.ndarray, wanted: np.ndarray, what: str, tolerance: float) -> None:
    gap = float(np.abs(found - wanted).max(initial=0.0))
    allowed = tolerance * max(1.0, float(np.abs(wanted).max(initial=0.0)))
    require(gap <= allowed, f"{what}: off by {gap:.3g} where {allowed:.3g} is allowed")
