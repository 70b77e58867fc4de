"""One peer in a process of its own: takes requests as JSON lines on its standard input, answers on its output.

    python -m benchmarks.worker PEER

Requests are `{"do": "build", ...}`, `{"do": "turn", ...}`, `{"do": "drop"}` and `{"do": "versions"}`. Whatever the
library prints goes to standard error. Nothing is caught here: a library that fails ends its process, and the driver
reads why.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

import numpy as np

from benchmarks.peers import peer_named
from benchmarks.peers.peer import Peer, Step
from benchmarks.resident import die_with_parent, forget_peak, peak_mib, return_memory
from benchmarks.workload import Answer, Numbers, Size


class Worker:
    """What a worker process does; at most one step is held at a time.

    Args:
        peer: whose step it builds.
    """

    def __init__(self, peer: Peer):
        self.peer = peer
        self.step: Step | None = None

    def versions(self) -> dict[str, Any]:
        """Versions of the peer's packages and of Python."""
        found = {name: _version(name) for name in self.peer.packages}
        return {"versions": {"python": ".".join(map(str, sys.version_info[:3])), **found}}

    def build(self, size: list[int], device: str, numbers: str, answer: str) -> dict[str, Any]:
        """Build the step, run it twice, and write what the first run returned to the file `answer`."""
        self.drop()
        given = _read_numbers(numbers)
        started = time.perf_counter()
        step = importlib.import_module(self.peer.module).build(Size(*size), given, device)
        built = time.perf_counter()
        result = step.run()
        ran = time.perf_counter()
        _write_answer(answer, step.answer(result))
        del result
        gc.collect()
        return_memory()
        forget_peak()
        again = time.perf_counter()
        step.run()
        second = time.perf_counter() - again
        peak = peak_mib()
        return_memory()
        self.step = step
        times = {"build_s": built - started, "first_s": ran - built, "second_s": second}
        return {**times, "peak_mib": peak, "dtype": step.dtype}

    def turn(self, seconds: float, least: int) -> dict[str, Any]:
        """Run the step for `seconds`, but `least` times at least; one run first that does not count, if it is short."""
        if self.step is None:
            raise RuntimeError("A turn was asked for before a step was built.")
        times: list[float] = []
        if seconds > 0:
            self.step.run()
        end = time.perf_counter() + seconds
        while len(times) < least or time.perf_counter() < end:
            started = time.perf_counter()
            self.step.run()
            times.append(time.perf_counter() - started)
        return_memory()
        return {"median_s": statistics.median(times), "best_s": min(times), "runs": len(times)}

    def drop(self) -> dict[str, Any]:
        """Forget the step."""
        self.step = None
        gc.collect()
        return_memory()
        return {}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # on the path, but not installed: as this project in a bare checkout
        return "from source"


def _read_numbers(path: str) -> Numbers:
    with np.load(path, allow_pickle=False) as file:
        return Numbers(file["inputs_BD"], file["weights_P"], file["cotangent_BK"])


def _write_answer(path: str, answer: Answer) -> None:
    nothing = np.zeros(0)  # a peer that is handed the loss has no values
    values = nothing if answer.values_BK is None else answer.values_BK
    np.savez(path, loss=answer.loss, values_BK=values, inputs_BD=answer.inputs_BD, weights_P=answer.weights_P)


def serve(worker: Worker, requests: TextIO, replies: TextIO) -> None:
    """Answer requests until there are no more; unknown ones end the process."""
    verbs = {"build": worker.build, "turn": worker.turn, "drop": worker.drop, "versions": worker.versions}
    for line in requests:
        request = json.loads(line)
        replies.write(json.dumps(verbs[request.pop("do")](**request)) + "\n")
        replies.flush()


def main() -> None:
    """The command line; called by the driver."""
    die_with_parent()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no reply
    serve(Worker(peer_named(sys.argv[1])), sys.stdin, replies)


if __name__ == "__main__":
    main()
