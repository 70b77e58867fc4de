"""Real contestants, small enough for tests: scikit-learn models with families assigned, and a plain source."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import softmax
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC

from qml.bench.arm import ArmInfo
from qml.data.source import Batch, Schema, Target
from qml.learn.fit import Cost, Fitted
from qml.learn.record import Record
from qml.learn.task import Metric

ACCURACY = Metric("accuracy", lambda p, t: float(accuracy_score(t, p.argmax(1))), True)
LOG_LOSS = Metric("log_loss", lambda p, t: float(log_loss(t, p, labels=np.arange(p.shape[1]))), False, "nats")
R2 = Metric("r2", lambda p, t: float(r2_score(t, p)), True)
RMSE = Metric("rmse", lambda p, t: float(root_mean_squared_error(t, p)), False, "target")


@dataclass(frozen=True)
class PlainTask:
    kind: str

    def metrics(self):
        return (ACCURACY, LOG_LOSS) if self.kind == "classes" else (R2, RMSE)


class PlainSource:
    """Arrays with splits drawn from the seed; `fixed` keeps the test rows the same for all seeds."""

    def __init__(self, inputs, targets, seed, *, name="digits", labels=(), fixed=False):
        numbers = np.arange(len(targets))
        kind = "classes" if labels else "number"
        of = (lambda rows: targets[rows]) if labels else (lambda rows: None)
        rest, test = train_test_split(numbers, test_size=0.2, stratify=of(numbers), random_state=0 if fixed else seed)
        train, validation = train_test_split(rest, test_size=0.25, stratify=of(rest), random_state=seed)
        self._rows = {"train": train, "validation": validation, "test": test}
        low, spread = inputs[train].mean(0), inputs[train].std(0) + 1e-6
        self._inputs = ((inputs - low) / spread).astype(np.float32)
        self._targets = targets.astype(np.int64 if labels else np.float32)
        sizes = {split: len(rows) for split, rows in self._rows.items()}
        self.schema = Schema(
            name, inputs.shape[1:], Target("target", kind, tuple(labels)), sizes, digest=f"{name}-{seed}"
        )

    def rows(self, split):
        return self._rows[split]

    def batches(self, split, size, seed=None, *, epoch=0, start=0, shard=(0, 1)):
        rows = self._rows[split]
        order = np.arange(len(rows)) if seed is None else np.random.default_rng([seed, epoch]).permutation(len(rows))
        for first in range(start * size, len(rows), size):
            chosen = order[first : first + size]
            yield Batch(self._inputs[rows[chosen]], self._targets[rows[chosen]], chosen)


class ExchangedSource:
    """`below` with other targets in its test part."""

    def __init__(self, below):
        self.below, self.schema = below, below.schema

    def batches(self, split, *args, **more):
        for batch in self.below.batches(split, *args, **more):
            yield replace(batch, targets=(batch.targets + 1) % 10) if split == "test" else batch


def digits_source(seed, fixed=False, rows=None):
    inputs, targets = (part[:rows] for part in load_digits(return_X_y=True))
    return PlainSource(inputs, targets, seed, labels=tuple(map(str, range(10))), fixed=fixed)


def diabetes_source(seed):
    inputs, targets = load_diabetes(return_X_y=True)
    return PlainSource(inputs, targets, seed, name="diabetes")


def make_task(source):
    return PlainTask(source.schema.target.kind)


def whole(source, split):
    return inputs_of(source, split), np.concatenate([batch.targets for batch in source.batches(split, 4096)])


def inputs_of(source, split):
    return np.concatenate([batch.inputs for batch in source.batches(split, 4096)])


def answers(model, inputs):
    if isinstance(model, SVC):
        return softmax(model.decision_function(inputs), axis=1)
    return model.predict_proba(inputs) if hasattr(model, "predict_proba") else model.predict(inputs)


@dataclass(frozen=True)
class WholeArm:
    """A scikit-learn estimator fitted in one go."""

    info: ArmInfo
    build: object = None

    def fit(self, source, settings, budget, seed, folder):
        begun, cpu = time.perf_counter(), time.process_time()
        inputs, targets = whole(source, "train")
        model = self.build(settings, seed).fit(inputs, targets)
        spent = Cost(time.process_time() - cpu, time.perf_counter() - begun, 1, 1.0, len(inputs))
        count = int(np.size(model.coef_)) if hasattr(model, "coef_") else 2 * len(model.support_vectors_)
        predict = lambda src, split: answers(model, inputs_of(src, split))  # noqa: E731
        return Fitted(model, predict, (), spent, {"classical": count})


@dataclass(frozen=True)
class EpochArm:
    """A tiny scikit-learn network trained epoch by epoch, with a curve; it can stand for a hybrid or a control."""

    info: ArmInfo
    hidden: int = 8
    quantum: int = 0
    activation: str = "tanh"
    extra: dict = field(default_factory=dict)

    def fit(self, source, settings, budget, seed, folder):
        inputs, targets = whole(source, "train")
        watch, truth = whole(source, "validation")
        classes = source.schema.target.kind == "classes"
        kind, metric = (MLPClassifier, ACCURACY) if classes else (MLPRegressor, R2)
        model = kind(
            hidden_layer_sizes=(self.hidden,),
            activation=self.activation,
            learning_rate_init=settings.get("lr", 0.01),
            random_state=seed,
            batch_size=64,
        )
        more = {"classes": np.unique(targets)} if classes else {}
        scale = (targets.mean(), targets.std()) if not classes else (0, 1)
        begun, cpu, records, capped, epoch = time.perf_counter(), time.process_time(), [], False, 0
        fitted = targets if classes else (targets - scale[0]) / scale[1]
        for epoch in range(1, budget.epochs + 1):
            model.partial_fit(inputs, fitted, **more)
            out = answers(model, watch)
            value = metric.compute(out if classes else out * scale[1] + scale[0], truth)
            spent = time.process_time() - cpu
            records.append(Record(metric.name, value, "validation", epoch * 17, epoch, spent, spent))
            if budget.cpu_s is not None and spent > budget.cpu_s:
                capped = True
                break
        cost = Cost(
            time.process_time() - cpu, time.perf_counter() - begun, epoch * 17, epoch, epoch * len(inputs), capped
        )
        total = sum(w.size for w in (*model.coefs_, *model.intercepts_))

        def predict(src, split):
            out = answers(model, inputs_of(src, split))
            return out if classes else out * scale[1] + scale[0]

        parts = {"quantum": self.quantum, "classical": total - self.quantum} if self.quantum else {"classical": total}
        return Fitted(model, predict, tuple(records), cost, parts, self.extra)


@dataclass(frozen=True)
class FailingArm:
    """Fails in every trial, or leaves a mark of each fit in a file."""

    info: ArmInfo
    error: Exception = field(default_factory=lambda: ValueError("the matrix is singular"))

    def fit(self, source, settings, budget, seed, folder):
        raise self.error


@dataclass(frozen=True)
class CountingArm:
    """Says the nearest class mean, wrongly as often as its setting wants; a line for every fit, and a wait in it."""

    info: ArmInfo
    log: str = ""
    wait: float = 0.0

    def fit(self, source, settings, budget, seed, folder):
        with open(self.log, "a") as file:
            file.write(json.dumps({"arm": self.info.name, "settings": dict(settings), "seed": seed}) + "\n")
        time.sleep(self.wait)
        inputs, targets = whole(source, "train")
        means = np.stack([inputs[targets == label].mean(0) for label in range(10)])

        def predict(src, split):
            near = ((inputs_of(src, split)[:, None] - means) ** 2).sum(2).argmin(1)
            sure = np.full((len(near), 10), 0.01)
            right = np.random.default_rng(seed).random(len(near)) < 0.5 + settings.get("quality", 0.0)
            sure[np.arange(len(near)), np.where(right, near, (near + 1) % 10)] = 0.91
            return sure

        return Fitted(None, predict, (), Cost(0.01, 0.01, 1, 1.0, 10), {"classical": 10})


def info(name, family, title, details=None, space=None, **config):
    return ArmInfo(name, family, title, {"name": name, **config}, space or {}, details or {})


LR = {"lr": (0.003, 0.01, 0.03)}


def digits_arms():
    drawing = "0: ──RY(x0)──Rot──●─────╭X── <Z>\n1: ──RY(x1)──Rot──X──●──│─── <Z>\n2: ──RY(x2)──Rot─────X──●─── <Z>"
    flow = {"features": "linear 64→8", "head": "linear 8→10", "slot_size": "8 → 8"}
    return (
        EpochArm(
            info(
                "hybrid",
                "hybrid",
                "Hybrid",
                {"summary": "8 wires, 3 layers", "slot": "72 weights, CNOT ring", "drawing": drawing, **flow},
                LR,
            ),
            5,
            72,
            extra={"dead_weights": 8.0},
        ),
        EpochArm(info("product", "hybrid", "No entanglement", {"slot": "72 weights, wires apart"}, LR), 6, 72),
        EpochArm(info("frozen", "hybrid", "Circuit frozen at random", {"slot": "random, not trained"}, LR), 3),
        EpochArm(info("twin", "control", "Classical twin", {"slot": "linear 8→8 + tanh, 72"}, LR), 8),
        EpochArm(info("removed", "control", "Circuit removed", {"slot": "identity"}, LR), 10),
        WholeArm(
            info(
                "logistic", "baseline", "Logistic regression", {"summary": "multinomial, L2"}, {"C": (0.1, 1.0, 10.0)}
            ),
            lambda s, seed: LogisticRegression(C=s["C"], max_iter=3000),
        ),
        WholeArm(
            info("svm", "baseline", "SVM, Gaussian kernel", {"summary": "support vectors counted"}, {"C": (1.0, 10.0)}),
            lambda s, seed: SVC(C=s["C"]),
        ),
        EpochArm(info("mlp", "baseline", "MLP", {"summary": "64 hidden"}, LR), 64, activation="relu"),
    )


def diabetes_arms():
    return (
        EpochArm(info("hybrid", "hybrid", "Hybrid", {}, LR), 4, 24),
        EpochArm(info("removed", "control", "Circuit removed", {}, LR), 6),
        WholeArm(
            info("ridge", "baseline", "Ridge regression", {}, {"alpha": (0.1, 1.0)}), lambda s, seed: Ridge(s["alpha"])
        ),
    )
