"""`python -m benchmarks.wide`: few rows of many qubits, beside lightning.qubit's adjoint and the memory's bandwidth.

Both run in processes of their own, on the same cores, in turns, and are handed the same numbers: the loss is one
observable, the sum of c_i Z_i. Values and gradients are compared before anything is timed. Memory is the peak of a
process less what it held after a small run of the same engine, in states of one row. The bound counts the bytes that
our sweeps must move if each streams once through the memory.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.circuit import program
from benchmarks.own import contender
from benchmarks.process import PeerFailed
from benchmarks.roofline import roof_of
from benchmarks.rounds import Contender
from benchmarks.workload import Answer, Size, numbers
from qml.engine.compile import compile_program
from qml.engine.wide.traffic import moved_states

RATIO_BAR, STATES_BAR = 15.0, 4.0  # at BAR_SIZE
BAR_SIZE = Size(22, 4, 1)
SIZES = (Size(16, 4, 16), Size(20, 4, 1), BAR_SIZE, Size(24, 2, 1))
WARM_SIZE = Size(16, 1, 1)  # the least that surely runs with amplitudes in its lanes
TOLERANCE = 1e-4
TURN_S, LIMIT_S = 0.25, 600.0


@dataclass
class Turns:
    """What one contender did at one size; a step beyond a second is a turn by itself, and has none to warm up."""

    name: str
    states: float
    answer: Answer
    turn_s: float
    seconds: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if both bars are met."""
    options = _options(arguments)
    cores = machine.chosen_cores(options.threads)
    print(f"{machine.cpu_name()}, {len(cores)} cores for each; commit {machine.commit()}")
    roof = roof_of(cores)
    print(f"copying moves {roof.bytes / 1e9:.1f} GB/s; medians (least to greatest) of {options.rounds} turns\n")
    contenders = [contender(name, cores) for name in ("qml-engine", "lightning-sum")]
    try:
        met = [_size(size, contenders, roof.bytes, options.rounds) for size in options.sizes]
    finally:
        for each in contenders:
            each.end()
    return 0 if all(met) else 1


def _size(size: Size, contenders: Sequence[Contender], bandwidth: float, rounds: int) -> bool:
    """Measure and print one size; whether its bars are met."""
    ours, theirs = (_built(each, size) for each in contenders)
    _compare(size, ours.answer, theirs.answer)
    for _ in range(rounds):
        for each, turns in zip(contenders, (ours, theirs), strict=True):
            turns.seconds.append(each.ask("turn", LIMIT_S, seconds=turns.turn_s, least=1)["median_s"])
    print(f"(qubits, layers, rows) = {size}, float32 beside complex64")
    for turns in (ours, theirs):
        memory = f"; memory {turns.states:.2f} states" if size.rows == 1 else ""  # of many rows each keeps its ket
        print(f"  {turns.name:52} {_spread([1e3 * s for s in turns.seconds])} ms{memory}")
    plan = compile_program(program(size)).plan
    nbytes = moved_states(plan, "float32") * 8.0 * size.n_amplitudes
    bound = nbytes / bandwidth
    share = bound / statistics.median(ours.seconds)
    print(f"  the sweeps move {nbytes / 1e9:.2f} GB: {1e3 * bound:.1f} ms at that bandwidth, {share:.0%} of ours")
    ratios = [b / a for a, b in zip(ours.seconds, theirs.seconds, strict=True)]
    met = size != BAR_SIZE or (statistics.median(ratios) >= RATIO_BAR and ours.states <= STATES_BAR)
    bars = f"; bars {RATIO_BAR:g} times, {STATES_BAR:g} states: {'met' if met else 'MISSED'}"
    print(f"  ratio {_spread(ratios)}{bars if size == BAR_SIZE else ''}\n", flush=True)
    return met


def _built(each: Contender, size: Size) -> Turns:
    """Build a size in a worker, after a small one that loads all that it needs."""
    before, _ = _build(each, WARM_SIZE)
    reply, answer = _build(each, size)
    states = (reply["peak_mib"] - before["peak_mib"]) * 2**20 / (8 * 2**size.n_qubits)
    return Turns(each.peer.title, states, answer, TURN_S if reply["second_s"] < 1 else 0.0)


def _build(each: Contender, size: Size) -> tuple[dict[str, Any], Answer]:
    """What the worker tells of the first runs (seconds, peak memory in MiB), and what was computed."""
    given = numbers(size)
    with tempfile.TemporaryDirectory() as folder:
        asked = {"size": [size.n_qubits, size.depth, size.rows], "device": "cpu"}
        asked |= {"numbers": str(Path(folder, "numbers.npz")), "answer": str(Path(folder, "answer.npz"))}
        np.savez(asked["numbers"], **vars(given))
        try:
            reply = each.ask("build", LIMIT_S, **asked)
        except PeerFailed as error:
            raise SystemExit(f"{each.peer.title} at {size}: {error}") from error
        with np.load(asked["answer"], allow_pickle=False) as file:
            return reply, Answer(float(file["loss"]), None, file["inputs_BD"], file["weights_P"])


def _compare(size: Size, mine: Answer, theirs: Answer) -> None:
    """Stop unless both computed the same numbers."""
    for name in ("loss", "inputs_BD", "weights_P"):
        a, b = np.asarray(getattr(mine, name)), np.asarray(getattr(theirs, name))
        error = float(np.abs(a - b).max()) / max(1.0, float(np.abs(b).max()), size.rows**0.5)
        if not error <= TOLERANCE:
            raise SystemExit(f"{size}: the two disagree in {name} by {error:.2e}; nothing was timed.")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):10,.2f} ({min(values):,.2f} to {max(values):,.2f})"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.wide",
        description="Forward and gradients (weights and inputs) of few rows of many qubits in float32, beside "
        "lightning.qubit's adjoint in complex64 on as many threads, one observable sum c_i Z_i, values and gradients "
        "compared; peak memory in states; and the bound that the memory's bandwidth sets.",
        epilog=f"Exit status 0: at {BAR_SIZE} ours is {RATIO_BAR:g} times faster within {STATES_BAR:g} states.",
    )
    sizes = " ".join(f"{s.n_qubits},{s.depth},{s.rows}" for s in SIZES)
    parser.add_argument("--sizes", nargs="+", type=Size.parse, default=SIZES, metavar="Q,L,B", help=f"default: {sizes}")
    parser.add_argument("--threads", type=int, default=None, help="cores of both (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
