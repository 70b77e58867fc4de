"""Finished cells made of numbers: arms of known level on rows of two classes, for what is read off cells."""

import numpy as np

from qml.bench.arm import ArmInfo
from qml.bench.cell import BudgetPoint, Cell, CellResult, Trial
from qml.bench.provenance import provenance

FAMILIES = {
    "hybrid": "hybrid",
    "product": "hybrid",
    "frozen": "hybrid",
    "removed": "control",
    "twin": "control",
    "surrogate": "control",
    "random_features": "control",
}
FACTS = {name: {"higher_is_better": True, "unit": ""} for name in ("accuracy", "auc")}
CHANCE = {split: {"accuracy": 0.5, "auc": 0.5} for split in ("validation", "test")}
ROWS, TEST, TRIALS = 2000, 400, 4
CLEAR = {"hybrid": 0.90, "removed": 0.80, "twin": 0.80, "knn": 0.78}
"""Levels at which nothing is left to say against the circuit."""


def made_cells(protocol, levels, *, capped=None, sd=0.004, fixed=False):
    """One cell an arm and seed, all chosen at trial 0.

    Args:
        protocol: of accuracy.
        levels: arm -> share of test rows that it has right, up to noise of `sd`.
        capped: (arm, seed) -> numbers of the trials that met the cap.
        fixed: one test set for all seeds.
    """
    arms = {name: ArmInfo(name, FAMILIES.get(name, "baseline"), name.capitalize(), {"name": name}) for name in levels}
    return [
        _cell(arms[name], protocol, seed, level, (capped or {}).get((name, seed), ()), sd, fixed)
        for seed in protocol.seeds
        for name, level in levels.items()
    ]


def _cell(arm, protocol, seed, level, capped, sd, fixed):
    rng = np.random.default_rng([seed, *protocol.data.encode(), *arm.name.encode()])
    score = float(np.clip(level + sd * rng.normal(), 0, 1))
    rows = np.sort(np.random.default_rng(0 if fixed else seed).permutation(ROWS)[:TEST])
    targets = rows % 2
    right = rng.permutation(TEST) < round(score * TEST)
    found = np.eye(2)[np.where(right, targets, 1 - targets)]
    accuracy = float(right.mean())
    trials = tuple(
        Trial(
            number,
            {"C": number},
            seed,
            "finished",
            accuracy - 0.1 * (number > 0),
            cost={"cpu_s": 1.0, "capped": number in capped, "stopped": "cpu_s" if number in capped else "epochs"},
            parameters={"classical": 5},
        )
        for number in range(protocol.trials)
    )
    shares = {"accuracy": accuracy, "auc": 0.95}
    left_out = np.array([np.delete(right, np.arange(k, TEST, 100)).mean() for k in range(100)])
    sizes = {"train": ROWS - 2 * TEST, "validation": TEST, "test": TEST}
    return CellResult(
        Cell.of(arm, protocol, seed),
        protocol,
        "finished",
        None,
        0,
        trials,
        {"validation": shares, "test": shares},
        FACTS,
        {"name": protocol.data, "rows": sizes, "labels": ["a", "b"], "digest": f"d{seed}", "input_shape": [3]},
        provenance(("made",)),
        chance=CHANCE,
        budget_curve=tuple(BudgetPoint(n + 1, n + 1.0, 0.0, accuracy, accuracy) for n in range(protocol.trials)),
        arrays={
            "test_targets": targets,
            "test_predictions": found,
            "test_rows": rows,
            "test_left_out": left_out,
            "validation_targets": targets,
            "validation_predictions": found,
        },
    )
