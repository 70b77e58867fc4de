"""The driver: builds a size in every worker, checks the numbers, then lets them run in turns, one at a time."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.agreement import disagreement, errors
from benchmarks.expected import expected
from benchmarks.peers.peer import Peer
from benchmarks.process import PeerFailed
from benchmarks.workload import Answer, Size, numbers

TURN_LIMIT_S = 120.0


class Process(Protocol):
    """What the driver needs of a worker: see `benchmarks.process.WorkerProcess`."""

    def ask(self, do: str, limit_s: float, **arguments: Any) -> dict[str, Any]:
        """Wake it, hand it a request and wait for the reply."""
        ...

    def cpu_seconds(self) -> float:
        """CPU time used so far."""
        ...

    def end(self) -> None:
        """End it."""
        ...


@dataclass(frozen=True)
class Rules:
    """How long and how often.

    Args:
        rounds: turns of each peer.
        turn_s: length of a turn; a step that takes longer is a turn by itself.
        peer_s: seconds that all turns of a peer at a size may take; a slow one gets fewer rounds, one at least.
        step_s: a step predicted to take longer is skipped.
        build_s: building, compiling and the first two runs together; a peer that takes longer is ended.
    """

    rounds: int = 5
    turn_s: float = 0.25
    peer_s: float = 10.0
    step_s: float = 20.0
    build_s: float = 180.0


@dataclass
class Result:
    """What became of a peer at a size: times in seconds, memory in MiB, or the reason why there are none."""

    peer: str
    reason: str | None = None
    build_s: float | None = None
    first_s: float | None = None
    second_s: float | None = None
    peak_mib: float | None = None
    dtype: str | None = None
    errors: dict[str, float] = field(default_factory=dict)
    rounds: list[dict[str, float]] = field(default_factory=list)
    idle_cpu_s: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether there are times."""
        return self.reason is None and bool(self.rounds)

    @property
    def median_s(self) -> float:
        """Median over rounds of the median step."""
        return statistics.median(turn["median_s"] for turn in self.rounds)

    @property
    def best_s(self) -> float:
        """The best round's median: least disturbed by others on the machine."""
        return min(turn["median_s"] for turn in self.rounds)

    def row(self) -> dict[str, Any]:
        """For a record."""
        times = {"median_s": self.median_s, "best_s": self.best_s} if self.measured else {}
        return {**asdict(self), **times}


@dataclass
class Contender:
    """A peer and its worker, which is started at its first size and again when it has ended.

    Args:
        peer: its facts.
        start: makes a worker.
        missing: why it cannot be started at all, or None.
    """

    peer: Peer
    start: Callable[[], Process]
    missing: str | None = None
    process: Process | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seen: dict[Size, float] = field(default_factory=dict)

    def ask(self, do: str, limit_s: float, **arguments: Any) -> dict[str, Any]:
        """As `Process.ask`, starting a worker if there is none; one that fails is ended.

        Raises:
            PeerFailed: it ended or was ended.
        """
        if self.process is None:
            self.process = self.start()
        try:
            return self.process.ask(do, limit_s, **arguments)
        except PeerFailed:
            self.end()
            raise

    def end(self) -> None:
        """End the worker, if there is one."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def predicted_s(self, size: Size) -> float:
        """Seconds a step should take, by the kindest of the sizes seen so far; 0 before any."""
        return min((s * self.peer.work(size) / self.peer.work(old) for old, s in self.seen.items()), default=0.0)


def measure(size: Size, contenders: Sequence[Contender], rules: Rules, device: str = "cpu") -> list[Result]:
    """Every contender at a size: built one after another, then timed in turns.

    Args:
        size: the workload.
        contenders: whose times are wanted; each keeps its worker for the next size.
        rules: how long and how often.
        device: "cpu" or "cuda".

    Returns:
        One result a contender, in their order.
    """
    given = numbers(size)
    right = expected(size, given)
    with tempfile.TemporaryDirectory() as folder:
        asked = {"size": [size.n_qubits, size.depth, size.rows], "device": device}
        asked |= {"numbers": str(Path(folder, "numbers.npz")), "answer": str(Path(folder, "answer.npz"))}
        np.savez(asked["numbers"], **vars(given))
        results = [_built(contender, size, asked, right, rules) for contender in contenders]
    _take_turns(list(zip(contenders, results, strict=True)), rules)
    for contender, result in zip(contenders, results, strict=True):
        if result.measured:
            contender.seen[size] = min(contender.seen[size], result.median_s)
        if contender.process is not None:
            _try(contender, result, "drop", TURN_LIMIT_S)
    return results


def _built(contender: Contender, size: Size, asked: dict[str, Any], right: Answer, rules: Rules) -> Result:
    """Build a size in a worker and check what it computes."""
    result = Result(contender.peer.name, contender.missing)
    if result.reason is not None:
        return result
    if asked["device"] not in contender.peer.devices:
        result.reason = f"skipped: does not run on {asked['device']}"
        return result
    predicted = contender.predicted_s(size)
    if predicted > rules.step_s:
        result.reason = f"skipped: a step would take about {predicted:.0f} s"
        return result
    if not contender.versions:
        reply = _try(contender, result, "versions", rules.build_s)
        contender.versions = reply.get("versions", {})
    reply = _try(contender, result, "build", rules.build_s, **asked)
    for name, value in reply.items():
        setattr(result, name, value)
    if result.reason is None and contender.peer.kind != "floor":
        result.errors = errors(size, _read_answer(asked["answer"]), right)
        result.reason = disagreement(result.errors)
    if result.second_s is not None:
        contender.seen[size] = result.second_s
    return result


def _try(contender: Contender, result: Result, do: str, limit_s: float, **arguments: Any) -> dict[str, Any]:
    """Ask, unless something went wrong before; what goes wrong now is the result's reason."""
    if result.reason is not None and do != "drop":
        return {}
    try:
        return contender.ask(do, limit_s, **arguments)
    except PeerFailed as failure:
        result.reason = result.reason or str(failure)
        return {}


def _take_turns(pairs: list[tuple[Contender, Result]], rules: Rules) -> None:
    """The rounds; the order shifts by one in each, so that nobody always follows the same neighbour."""
    slept: dict[str, float] = {}
    for number in range(rules.rounds):
        shift = number % max(1, len(pairs))
        for contender, result in pairs[shift:] + pairs[:shift]:
            if result.reason is not None or result.second_s is None or contender.process is None:
                continue
            if number and (number + 1) * max(result.second_s, rules.turn_s) > rules.peer_s:
                continue
            name, short = contender.peer.name, result.second_s < rules.turn_s
            if name in slept:
                result.idle_cpu_s += contender.process.cpu_seconds() - slept[name]
            turn = {"seconds": rules.turn_s if short else 0.0, "least": 3 if short else 1}
            reply = _try(contender, result, "turn", TURN_LIMIT_S, **turn)
            if contender.process is not None and reply:
                slept[name] = contender.process.cpu_seconds()
                result.rounds.append(reply)


def _read_answer(path: str) -> Answer:
    with np.load(path, allow_pickle=False) as file:
        values = file["values_BK"] if file["values_BK"].size else None
        return Answer(float(file["loss"]), values, file["inputs_BD"], file["weights_P"])
