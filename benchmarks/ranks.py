"""What it costs to train one model by several processes: an exchange, and an update of a hybrid by one and by two.

python -m benchmarks.ranks [--rows 2048] [--qubits 8] [--updates 30]
"""

import argparse
import json
import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from qml.base.ranks import Ranks
from qml.data import ArraySource
from qml.estimators.data_choice import signature_of
from qml.learn import Supervised
from qml.learn.torch_ranks import any_raised, meeting_point
from qml.learn.torch_step import TorchStep
from qml.models import CircuitSpec, HybridSpec
from qml.models.features import Mlp

EXCHANGES, WARM_UP = 200, 5


def source_of(rows):
    rng = np.random.default_rng(0)
    return ArraySource.from_arrays(rng.normal(size=(2 * rows, 16)).astype(np.float32), rng.integers(0, 2, 2 * rows))


def measured(rows, qubits, updates, world):
    """Median seconds of an exchange of one number and of an update."""
    source = source_of(rows)
    spec = HybridSpec(features=Mlp(widths=(qubits,)), circuit=CircuitSpec("sel", n_qubits=qubits, depth=2))
    step = TorchStep(devices=world)
    task = Supervised(source.schema.target)
    state = step.init(spec.on(signature_of(source)).build, task, 0)
    shard = step.shard(state)
    (batch,) = list(source.batches("train", rows, 0, shard=shard))[:1]
    exchange = 0.0
    if world > 1:
        exchange = timed(lambda: any_raised(False, state.fabric.device), EXCHANGES)
    with step.threads(state, rows, 16):
        update = timed(lambda: step.update(state, batch), updates)
    return {"world": world, "exchange_us": 1e6 * exchange, "update_ms": 1e3 * update}


def timed(work, times):
    seconds = []
    for number in range(times + WARM_UP):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
        if number < WARM_UP:
            seconds.clear()
    return median(seconds)


def together(world, work):
    """`work()` in `world` processes that were forked off this one; gives what the first one returned."""
    with TemporaryDirectory() as folder, meeting_point() as meeting:
        told = Path(folder) / "told"
        children = []
        for rank in range(world):
            child = os.fork()
            if child == 0:
                os.environ.update({**meeting, **Ranks(rank, world, rank, world).environ})
                found = work()
                if rank == 0:
                    told.write_text(json.dumps(found))
                os._exit(0)
            children.append(child)
        if any(os.waitpid(child, 0)[1] for child in children):
            raise SystemExit("a process failed")
        return json.loads(told.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--qubits", type=int, default=8)
    parser.add_argument("--updates", type=int, default=30)
    asked = parser.parse_args()
    found = [
        together(world, lambda world=world: measured(asked.rows, asked.qubits, asked.updates, world))
        for world in (1, 2)
    ]
    print(json.dumps({"asked": vars(asked), "found": found}))


if __name__ == "__main__":
    main()
