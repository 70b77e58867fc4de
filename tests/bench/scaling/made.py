"""Finished cells whose log-loss follows a law by construction, as a study of growth leaves them."""

import numpy as np

from qml.bench.arm import ArmInfo
from qml.bench.cell import BudgetPoint, Cell, CellResult, Trial
from qml.bench.judged import left_out
from qml.bench.protocol import Protocol
from qml.bench.provenance import provenance
from qml.bench.summary import summarise
from qml.learn.metrics import class_metrics

FAMILIES = {"hybrid": "hybrid", "frozen": "hybrid", "removed": "control", "twin": "control"}
TEST = 300
SIZES = (100, 300, 1000, 3000)
METRICS = {metric.name: metric for metric in class_metrics(2) if metric.name in ("log_loss", "accuracy", "auc")}
FACTS = {
    "log_loss": {"higher_is_better": False, "unit": "nats"},
    "accuracy": {"higher_is_better": True, "unit": ""},
    "auc": {"higher_is_better": True, "unit": ""},
}


def protocol_of(rows, **terms):
    """The terms of one size."""
    given = {"seeds": (0, 1, 2), "rank": "log_loss", "contrasts": (("hybrid", "twin"), ("hybrid", "champion"))}
    return Protocol("grown", **{"data": "made", "rows": rows, **given, **terms})


def cells_at(protocol, levels, *, sd=0.01, fixed=True):
    """A cell an arm and seed; `levels` gives the mean log-loss of each arm, seeds scatter by a relative `sd`."""
    return [_cell(name, protocol, seed, level, sd, fixed) for seed in protocol.seeds for name, level in levels.items()]


def summaries_of(laws, *, sizes=SIZES, sd=0.01, fixed=True, **terms):
    """A summary a size; `laws` gives for each arm its log-loss by training rows."""
    found = []
    for rows in sizes:
        protocol = protocol_of(rows, **terms)
        levels = {name: law(rows) for name, law in laws.items()}
        found.append(summarise(cells_at(protocol, levels, sd=sd, fixed=fixed), protocol.hash))
    return tuple(found)


def _cell(name, protocol, seed, level, sd, fixed):
    rng = np.random.default_rng([seed, protocol.rows, *name.encode()])
    wanted_loss = level * np.exp(sd * rng.normal())
    shared = np.random.default_rng([11, 0 if fixed else seed])
    targets = shared.integers(0, 2, TEST)
    tilt = shared.normal(size=TEST)
    found = _predictions(targets, tilt, wanted_loss)
    scores = {key: float(metric.compute(found, targets)) for key, metric in METRICS.items()}
    trial = Trial(0, {"C": 1}, seed, "finished", scores[protocol.rank], cost={"cpu_s": 1.0, "stopped": "epochs"})
    info = ArmInfo(name, FAMILIES.get(name, "baseline"), name.capitalize(), {"name": name})
    sizes = {"train": protocol.rows, "validation": 50, "test": TEST}
    return CellResult(
        Cell.of(info, protocol, seed),
        protocol,
        "finished",
        None,
        0,
        (trial,),
        {"validation": scores, "test": scores},
        FACTS,
        {
            "name": protocol.data,
            "rows": sizes,
            "labels": ["a", "b"],
            "digest": "d",
            "input_shape": [3],
            "classes": {"train": {"0": protocol.rows // 2, "1": protocol.rows // 2}},
        },
        provenance(("made",)),
        chance={split: {"log_loss": np.log(2), "accuracy": 0.5, "auc": 0.5} for split in ("validation", "test")},
        budget_curve=(BudgetPoint(1, 1.0, 0.0, scores[protocol.rank], scores[protocol.rank]),),
        arrays={
            "test_targets": targets,
            "test_predictions": found,
            "test_rows": np.arange(TEST) + (0 if fixed else 1000 * seed),
            "test_left_out": left_out(METRICS[protocol.rank], found, targets),
            "validation_targets": targets[:50],
            "validation_predictions": found[:50],
        },
    )


def _predictions(targets, tilt, loss):
    """Probabilities `(N, 2)` whose log-loss is `loss`, some of them wrong: the sharper, the lower."""
    low, high = -20.0, 20.0
    signs = 2 * targets - 1
    for _ in range(80):  # the mean loss falls as all logits move towards the right class
        middle = (low + high) / 2
        logits = signs * middle + 1.5 * tilt
        value = np.mean(np.log1p(np.exp(-signs * logits)))
        low, high = (middle, high) if value > loss else (low, middle)
    right = 1 / (1 + np.exp(-(signs * middle + 1.5 * tilt)))
    return np.stack([1 - right, right], axis=1)
