"""Trains the same models by one process and by two, and prints each loss, the scores and the weights as JSON.

python -m tests.together.losses FOLDER
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from qml.data import ArraySource
from qml.data.stream import ParquetSource
from qml.estimators.data_choice import signature_of
from qml.learn import Budget, StepFit, Supervised
from qml.learn.torch_step import TorchStep
from qml.models import CircuitSpec, HybridSpec
from qml.models.features import Mlp
from tests.learn.models import small
from tests.together.forked import ends, fork_ranks

ROWS, BATCH, UPDATES = 163, 16, 100  # 97 rows to train on: the last of 7 batches has one, so a process gets none of it

CASES = ("network64", "network32", "hybrid64", "hybrid32", "stream64")


def source_of(rows=ROWS, width=4):
    """Blobs of three classes, some of them rare."""
    rng = np.random.default_rng(5)
    labels = np.r_[np.zeros(rows // 2), np.ones(rows // 3), np.full(rows - rows // 2 - rows // 3, 2)].astype(int)
    inputs = rng.normal(size=(3, width))[labels] + rng.normal(size=(rows, width))
    return ArraySource.from_arrays(inputs.astype(np.float32), labels, test=0.2, validation=0.2)


def stream_of(folder, workers=0, **more):
    """The same rows from Parquet files in groups of 10 rows, shuffled in windows of 30."""
    whole = source_of(**more)
    for part in ("train", "validation", "test"):
        if not (folder / part).is_dir():
            (batch,) = whole.batches(part, len(whole.inputs))
            columns = {f"x{index}": column for index, column in enumerate(batch.inputs.T)}
            (folder / part).mkdir(parents=True)
            pq.write_table(pa.table({**columns, "y": batch.targets}), folder / part / "0.parquet", row_group_size=10)
    return ParquetSource.open(str(folder), target="y", transform=None, buffer_rows=30, workers=workers)


def model_of(case, source):
    """A small network, or a hybrid with a circuit."""
    if not case.startswith("hybrid"):
        return small
    spec = HybridSpec(features=Mlp(widths=(6,)), circuit=CircuitSpec("reupload", n_qubits=4, depth=2))
    return spec.on(signature_of(source)).build


def trained(case, world, folder):
    """What every update says, and what comes out."""
    source, losses = stream_of(folder) if case.startswith("stream") else source_of(), []
    step = TorchStep(
        0.01,
        circuit_learning_rate=0.05,
        weight_decay=0.01,
        gradient_clip=1.0,
        schedule="cosine",
        precision="64-true" if case.endswith("64") else "32-true",
        devices=world,
    )
    hooks = (lambda run, info: losses.append(info),)
    fit = StepFit(step, batch_size=BATCH, hooks=hooks, progress=False, evaluation_size=32)
    task = Supervised(source.schema.target, class_weights="balanced")
    out = fit(model_of(case, source), task, source, Budget(epochs=100, steps=UPDATES, patience=100), 0)
    return {
        "losses": losses,
        "rows": out.cost.rows,
        "records": [(record.metric, record.step, record.value) for record in out.records],
        "info": dict(out.info),
        "predictions": out.predict(source, "test").tolist(),
        "weights": {name: value.tolist() for name, value in out.model.state_dict().items()},
    }


def main(folder):
    stream_of(folder / "rows")
    for case in CASES:
        for world in (1, 2):

            def work(rank, case=case, world=world):
                (folder / f"{case}-{world}-{rank}.json").write_text(json.dumps(trained(case, world, folder / "rows")))

            with fork_ranks(world, work) as children:
                assert ends(children) == [0] * world


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
