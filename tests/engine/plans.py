"""Random Plans, and how a run of one is compared with the dense oracle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.engine.plan import Block, Plan, Turn
from qml.engine.runtime import Run, run
from qml.engine.verify import plan_gradients, run_plan

COMPLEX = {"float32": np.complex64, "float64": np.complex128}


@dataclass(frozen=True)
class Case:
    """A Plan with all that a run and its gradient are handed, in float64."""

    plan: Plan
    rows_BM: np.ndarray
    shared_S: np.ndarray
    cotangent_BW: np.ndarray
    initial: np.ndarray | None = None

    def run(self, dtype: str = "float64", gradient: bool = True, **options) -> Run:
        """This case on the kernels, in `dtype`."""
        rows, shared, cotangent = (a.astype(dtype) for a in (self.rows_BM, self.shared_S, self.cotangent_BW))
        initial = None if self.initial is None else self.initial.astype(COMPLEX[dtype])
        return run(self.plan, rows, shared, initial=initial, cotangent_BW=cotangent if gradient else None, **options)

    def expected(self) -> Run:
        """The same from the dense oracle."""
        given = (self.rows_BM, self.shared_S)
        values = run_plan(self.plan, *given, self.initial)
        gradients = plan_gradients(self.plan, *given, self.cotangent_BW, self.initial)
        return Run(values, gradients.rows_BM, gradients.shared_S, gradients.initial_BA)


def arrays(result: Run) -> dict[str, np.ndarray]:
    """What a run brought back, by name, without what it did not."""
    names = ("words_BW", "rows_BM", "shared_S", "initial_BA")
    return {name: getattr(result, name) for name in names if getattr(result, name) is not None}


def assert_close(result: Run, expected: Run, tolerance: float, batch: int = 1) -> None:
    """Each array within `tolerance` of what is expected, relative to the larger of 1 (shared: sqrt(B)) and itself."""
    wanted = arrays(expected)
    for name, values in arrays(result).items():
        reference = wanted[name]
        floor = np.sqrt(max(batch, 1)) if name in ("shared_S", "initial_BA") else 1.0
        assert values.shape == reference.shape, name
        error = np.abs(values - reference) / np.maximum(floor, np.abs(reference))
        assert error.max(initial=0.0) <= tolerance, (name, error.max())


def assert_same_bits(first: Run, second: Run) -> None:
    """Every array equal to the last bit."""
    for name, values in arrays(first).items():
        np.testing.assert_array_equal(values, arrays(second)[name], err_msg=name)


def random_case(rng: np.random.Generator, n_qubits: int, batch: int, *, initial: int | None = None, **options) -> Case:
    """A random Plan with random values; `initial` rows of amplitudes make it start from those."""
    plan = random_plan(rng, n_qubits, initial=initial is not None, **options)
    amplitudes = None
    if initial is not None:
        amplitudes = rng.normal(size=(initial, 2**n_qubits)) + 1j * rng.normal(size=(initial, 2**n_qubits))
        amplitudes /= np.linalg.norm(amplitudes, axis=1, keepdims=True)
    rows = rng.uniform(-4, 4, (batch, plan.n_rows))
    shared = rng.uniform(-4, 4, plan.n_shared)
    return Case(plan, rows, shared, rng.normal(size=(batch, plan.n_words)), amplitudes)


def random_plan(
    rng: np.random.Generator,
    n_qubits: int,
    *,
    n_shared: int = 4,
    n_rows: int = 3,
    n_blocks: int = 5,
    words: tuple[tuple[int, int], ...] | None = None,
    initial: bool = False,
) -> Plan:
    """A Plan with blocks of every kind, in any order, and words of every letter."""
    kinds = ["shared_diagonal", "mixing"] + (["row_diagonal"] if n_rows else [])
    blocks = [_block(rng, str(rng.choice(kinds)), n_qubits, n_shared, n_rows) for _ in range(n_blocks)]
    prefix: list[tuple[Turn, ...]] = [()] * n_qubits
    if not initial:
        prefix = [_prefix(rng, bit, n_shared, n_rows) for bit in range(n_qubits)]
    if words is None:
        masks = rng.integers(0, 2**n_qubits, (int(rng.integers(1, 6)), 2))
        words = tuple((int(x) if rng.random() < 0.5 else 0, int(z)) for x, z in masks)
    return Plan(n_qubits, tuple(prefix), tuple(blocks), words, n_shared, n_rows, initial)


def _turn(rng, x: int, z: int, kinds: tuple[str, ...], n_shared: int, n_rows: int) -> Turn:
    possible = [k for k in kinds if k == "constant" or (n_shared if k == "shared" else n_rows)]
    kind = str(rng.choice(possible))
    constant = float(rng.choice([0.0, rng.normal()]))
    if kind == "constant":
        return Turn(x, z, "constant", constant=constant)
    column = int(rng.integers(n_shared if kind == "shared" else n_rows))
    return Turn(x, z, kind, column, float(rng.choice([1.0, -1.0, 0.5, rng.normal()])), constant)


def _block(rng, kind: str, n_qubits: int, n_shared: int, n_rows: int) -> Block:
    turns: list[Turn] = []
    for _ in range(int(rng.integers(1, 8))):
        z = int(rng.integers(0, 2**n_qubits))
        if kind == "row_diagonal":
            turns.append(_turn(rng, 0, z, ("row",), n_shared, n_rows))
        elif kind == "shared_diagonal":
            turns.append(_turn(rng, 0, z, ("constant", "shared"), n_shared, n_rows))
        else:
            x = int(rng.integers(1, 2**n_qubits))
            if all(((x & t.z).bit_count() + (z & t.x).bit_count()) % 2 == 0 for t in turns):
                turns.append(_turn(rng, x, z, ("constant", "shared", "row"), n_shared, n_rows))
    return Block(kind, tuple(turns))


def _prefix(rng, bit: int, n_shared: int, n_rows: int) -> tuple[Turn, ...]:
    axes = [(1, 0), (1, 1), (0, 1)]
    chosen = [axes[int(rng.integers(3))] for _ in range(int(rng.integers(0, 4)))]
    return tuple(_turn(rng, x << bit, z << bit, ("constant", "shared", "row"), n_shared, n_rows) for x, z in chosen)
