"""Trains on streamed rows over and over, killing it with SIGKILL at random moments, until it ends; run as a script.

    python -m tests.data.stream.killed FOLDER PREPARED WORKERS KILLS SEED

Prints as JSON how often it was killed, how often inside a save, and a digest of weights and records.
"""

import json
import os
import random
import sys
from functools import partial
from pathlib import Path

from tests.learn.killed import SAVING_CALLS, die_in_save, digest_of, left_behind, wait_for_progress


def trained(prepared, folder, workers):
    """The end of the run, as a digest."""
    import torch

    from qml.data import ParquetSource
    from qml.learn import Budget, StepFit, Supervised
    from qml.learn.torch_step import TorchStep
    from tests.learn.models import small

    torch.set_num_threads(1)
    source = ParquetSource.open(str(prepared), buffer_rows=100, workers=workers)
    step = TorchStep(0.02, circuit_learning_rate=0.1, schedule="cosine")
    fit = StepFit(step, batch_size=32, checkpoint_every_steps=2, progress=False)
    task, budget = Supervised(source.schema.target), Budget(epochs=12, patience=12)
    return digest_of(fit(partial(small, n_in=3, dropout=0.3), task, source, budget, 3, folder))


def main(folder, prepared, workers, kills, seed):
    folder.mkdir(parents=True, exist_ok=True)
    if kills == 0:
        return {"digest": trained(prepared, folder / "run", workers)}
    import tests.learn.models  # noqa: F401  loaded once, not in each child

    draws = random.Random(seed)
    killed = saving = 0
    while True:
        in_save = killed < kills and killed % 2 == 0
        call, count = (draws.choice(SAVING_CALLS), draws.randint(2, 30)) if in_save else (None, 0)
        child = os.fork()
        if child == 0:
            if call:
                die_in_save(call, count)
            (folder / "digest").write_text(trained(prepared, folder / "run", workers))
            os._exit(0)
        if not in_save and killed < kills:
            wait_for_progress(folder / "run" / "checkpoint.json", child, draws.uniform(0.0, 0.03))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            if status:
                raise SystemExit(f"a child failed with status {status}")
            return {"digest": (folder / "digest").read_text(), "killed": killed, "saving": saving}
        killed += 1
        saving += left_behind(folder / "run")


if __name__ == "__main__":
    given = sys.argv
    print(json.dumps(main(Path(given[1]), Path(given[2]), int(given[3]), int(given[4]), int(given[5]))))
