"""Trains with DDP and writes what each rank saw; run by torchrun, or alone as one process.

torchrun --nproc_per_node 2 -m tests.learn.two_ranks FOLDER
"""

import json
import os
import sys
from pathlib import Path

from qml.learn import Budget, CsvLog, StepFit, Supervised
from qml.learn.torch_step import TorchStep
from tests.learn.conftest import class_source
from tests.learn.models import small


def main(folder):
    world = int(os.environ.get("WORLD_SIZE", "1"))
    source = class_source(n=145)  # the last batch has one row: a rank gets none of it
    losses = []
    fit = StepFit(
        TorchStep(0.02, devices=world, gradient_clip=1.0),
        batch_size=36,
        hooks=(CsvLog(), lambda run, info: losses.append(info["loss"])),
        progress=False,
    )
    task = Supervised(source.schema.target, class_weights="balanced")
    out = fit(small, task, source, Budget(epochs=3, patience=3), 0, folder / "run")
    told = {
        "losses": losses,
        "records": [record.value for record in out.records],
        "predictions": out.predict(source, "test").tolist(),
        "rows": out.cost.rows,
    }
    (folder / f"rank{os.environ.get('RANK', '0')}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
