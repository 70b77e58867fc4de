"""Trains on streamed rows over and over, killing it with SIGKILL at random moments, until it ends; run as a script.

    python -m tests.data.stream.killed FOLDER PREPARED WORKERS KILLS SEED

Prints as JSON how often it was killed, how often inside a save, and a digest of weights and records.
"""

import json
import sys
from functools import partial
from pathlib import Path

from tests.learn.killed import digest_of, killed_until_done


def trained(prepared, workers, folder):
    """The end of the run, as a digest."""
    import torch

    from qml.data import ParquetSource
    from qml.learn import Budget, StepFit, Supervised
    from qml.learn.torch_step import TorchStep
    from tests.learn.models import small

    torch.set_num_threads(1)
    source = ParquetSource.open(prepared, buffer_rows=100, workers=workers)
    step = TorchStep(0.02, circuit_learning_rate=0.1, schedule="cosine")
    fit = StepFit(step, batch_size=32, checkpoint_every_steps=2, progress=False)
    task, budget = Supervised(source.schema.target), Budget(epochs=12, patience=12)
    return digest_of(fit(partial(small, n_in=3, dropout=0.3), task, source, budget, 3, folder))


if __name__ == "__main__":
    import tests.learn.models  # noqa: F401  loaded once, not in each child

    folder, prepared, workers, kills, seed = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])
    print(json.dumps(killed_until_done(partial(trained, prepared, workers), folder, kills, seed)))
