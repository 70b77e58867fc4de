"""Routes of peers: each a script run by the interpreter of an environment that can hold the peer."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backends.step import Step, Took
from benchmarks.backends.task import Answer, Task
from benchmarks.peers.environments import missing, python_of

HERE = Path(__file__).parent
LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class PeerRoute:
    """A route of a peer.

    Args:
        name: as the table calls it, and as its script knows it.
        script: a file beside this one.
        environment: the requirements file that its environment is made from.
        slow: minutes; left out unless asked for.
    """

    name: str
    script: str
    environment: str
    slow: bool = False

    def run(self, asked: Task, again_below_s: float) -> Step:
        """One step, and a second where the first took less than `again_below_s`."""
        reason = missing(self.environment)
        if reason:
            return Step(self.name, reason=f"{reason} {self.environment}")
        order = json.dumps({"route": self.name, "task": asked.plain(), "again_below_s": again_below_s})
        done = subprocess.run(
            [str(python_of(self.environment)), "-W", "ignore", str(HERE / self.script)],
            input=order,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            env={**os.environ, "PYTHONPATH": ""},
        )
        if done.returncode:
            return Step(self.name, reason=f"failed: {done.stderr.strip().splitlines()[-1][:150]}")
        return self._read(json.loads(done.stdout.strip().splitlines()[-1]))

    def _read(self, found: dict[str, Any]) -> Step:
        if "refused" in found:
            return Step(self.name, reason=found["refused"][:150])
        answer = Answer(*(np.array(found["answer"][part]) for part in ("values", "inputs", "weights")))
        again = found.get("next")
        return Step(self.name, answer, Took(**found["first"]), Took(**again) if again else None)


PENNYLANE, QISKIT_ML = "peer_pennylane.py", "peer_qiskit_ml.py"
ROUTES = (
    PeerRoute("default.qubit, backprop", PENNYLANE, "pennylane_qiskit"),
    PeerRoute("lightning.qubit, adjoint", PENNYLANE, "pennylane_qiskit"),
    PeerRoute("qiskit.aer, batch", PENNYLANE, "pennylane_qiskit"),
    PeerRoute("qiskit.aer, row by row", PENNYLANE, "pennylane_qiskit"),
    PeerRoute("qiskit.remote on noisy Aer, row by row", PENNYLANE, "pennylane_qiskit", slow=True),
    PeerRoute("EstimatorQNN, StatevectorEstimator", QISKIT_ML, "qiskit_ml"),
    PeerRoute("EstimatorQNN, Aer's EstimatorV2", QISKIT_ML, "qiskit_ml"),
)
