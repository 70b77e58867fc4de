"""`python -m benchmarks.noise_aware`: does it help to train with the noise that a circuit will be run under?

A hybrid is trained exactly. From its weights training goes on, for as many epochs each, exactly ("plain") and under the
noise of a machine ("aware"); and under it with the weights of the circuit held ("held"), which shows what the network
around the circuit can learn alone. All are evaluated under that noise, without shots, on the same test rows; each seed
is a split of its own, and differences are paired by seed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from qml.backends.assembling import assembled
from qml.base.files import write_json
from qml.bench.facts import targets
from qml.bench.provenance import provenance
from qml.bench.statistics import Estimate, over_splits
from qml.estimators import DataChoice, Training
from qml.estimators.data_choice import signature_of
from qml.estimators.fits import step_fit
from qml.estimators.saved import arrays_of, filled
from qml.learn.fit import Budget, Fitted
from qml.learn.metrics import scores
from qml.models import CircuitSpec, HybridSpec

METRICS = ("log_loss", "accuracy")
AGAINST = ("plain", "held")
HELD = 1e-12  # a rate that moves no weight
NOISES = {
    "fake_manila": {},
    "fake_lagos": {},
    "fake_guadalupe": {},
    "depolarising": {"p1": 0.005, "p2": 0.05, "readout": 0.02},
}


@dataclass(frozen=True)
class Seed:
    """Scores of one seed: how it was trained -> metric -> value, all under the noise but "exact"."""

    seed: int
    rows: tuple[int, int]
    scores: dict[str, dict[str, float]]
    cpu_s: dict[str, float]


def run(seed: int, noise: str, options: argparse.Namespace) -> Seed:
    """Train one seed in three ways, and score each."""
    source = DataChoice(options.data, rows=options.rows).source(seed)
    circuit = CircuitSpec("sel", n_qubits=options.qubits, depth=options.depth)
    spec = HybridSpec(circuit=circuit).on(signature_of(source))
    noisy = replace(spec, executor=assembled("noisy", noise=noise, noise_options=NOISES[noise]))
    training = Training(learning_rate=options.learning_rate)
    task = training.task(source.schema.target)

    def fitted(model: HybridSpec, start: HybridSpec | dict[str, np.ndarray], epochs: int, by: Training) -> Fitted:
        """A fit from fresh weights, or from those that are given."""
        build = model.build if isinstance(start, HybridSpec) else lambda _: filled(model, start)
        return step_fit(model, by, progress=False)(build, task, source, Budget(epochs=epochs), seed)

    slower = replace(training, learning_rate=options.learning_rate / 4)
    first = fitted(spec, spec, options.epochs, training)
    weights = arrays_of(spec, first.model)
    plain = fitted(spec, weights, options.more, slower)
    aware = fitted(noisy, weights, options.more, slower)
    held = fitted(noisy, weights, options.more, replace(slower, circuit_learning_rate=HELD))
    labels = targets(source, "test")
    found = {"exact": scores(task.metrics(), plain.predict(source, "test"), labels)}
    for name, one in (("first", first), ("plain", plain), ("aware", aware), ("held", held)):
        under = fitted_under(noisy, arrays_of(spec, one.model))
        found[name] = scores(task.metrics(), task.predictions(under(rows_of(source))), labels)
    sizes = sum(source.schema.sizes[part] or 0 for part in ("train", "validation")), len(labels)
    cpu = {"plain": plain.cost.cpu_s, "aware": aware.cost.cpu_s}
    return Seed(seed, sizes, {how: {name: one[name] for name in METRICS} for how, one in found.items()}, cpu)


def fitted_under(noisy: HybridSpec, weights: dict[str, np.ndarray]):
    """Outputs of these weights under the noise."""
    from qml.models.networks import outputs

    model = filled(noisy, weights)
    return lambda rows: outputs(model, rows)


def rows_of(source) -> np.ndarray:
    """Inputs of the test rows."""
    return np.concatenate([batch.inputs for batch in source.batches("test", 4096)])


def differences(found: Sequence[Seed], metric: str, against: str = "plain") -> Estimate:
    """Aware less another way, paired by seed."""
    values = [one.scores["aware"][metric] - one.scores[against][metric] for one in found]
    learnt, tested = np.mean([one.rows for one in found], axis=0)
    return over_splits(values, float(learnt), float(tested))


def table(noise: str, found: Sequence[Seed]) -> str:
    """Means over seeds, and the differences with their intervals."""
    lines = [f"{noise}, {len(found)} seeds"]
    names = {"exact": "plain, no noise", "first": "first, noise", "plain": "plain, noise", "held": "held, noise"}
    names["aware"] = "aware, noise"
    for how, name in names.items():
        said = "  ".join(f"{metric} {np.mean([one.scores[how][metric] for one in found]):.4f}" for metric in METRICS)
        lines.append(f"  {name:<16} {said}")
    for against, metric in product(AGAINST, METRICS):
        one = differences(found, metric, against)
        word = "no difference seen" if one.lo <= 0 <= one.hi else "a difference"
        said = f"{one.mean:+.4f}  95 % {one.lo:+.4f} .. {one.hi:+.4f}  {word}"
        lines.append(f"  {f'aware - {against}':<16} {metric} {said}")
    seconds = {how: np.mean([one.cpu_s[how] for one in found]) for how in ("plain", "aware")}
    lines.append(f"  CPU seconds      plain {seconds['plain']:.1f}  aware {seconds['aware']:.1f}")
    return "\n".join(lines)


def _plain(one: Estimate) -> dict[str, float | None]:
    """An interval as JSON has it: None where there is no end."""
    found = {name: getattr(one, name) for name in ("mean", "se", "df", "lo", "hi", "visible")}
    return {name: value if np.isfinite(value) else None for name, value in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.noise_aware",
        description="Training under noise beside exact training, both evaluated under the noise; paired by seed.",
    )
    parser.add_argument("--noise", nargs="+", choices=NOISES, default=[*NOISES], help="machines (%(default)s)")
    parser.add_argument("--seeds", type=int, default=5, help="splits (%(default)s)")
    parser.add_argument("--data", default="digits", help="a set of the catalogue (%(default)s)")
    parser.add_argument("--rows", type=int, help="training rows; all when left out")
    parser.add_argument("--qubits", type=int, default=4)
    parser.add_argument("--depth", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=20, help="of exact training before both (%(default)s)")
    parser.add_argument("--more", type=int, default=5, help="epochs that both go on (%(default)s)")
    parser.add_argument("--learning-rate", type=float, default=0.02, help="a quarter of it goes on (%(default)s)")
    parser.add_argument("--json", type=Path, help="keep the record here")
    options = parser.parse_args(arguments)
    kept = {}
    for noise in options.noise:
        begun = time.perf_counter()
        found = [run(seed, noise, options) for seed in range(options.seeds)]
        print(table(noise, found), f"  wall seconds     {time.perf_counter() - begun:.0f}", sep="\n", flush=True)
        kept[noise] = {"options": NOISES[noise], "seeds": [asdict(one) for one in found]}
        for against in AGAINST:
            intervals = {metric: _plain(differences(found, metric, against)) for metric in METRICS}
            kept[noise][f"aware - {against}"] = intervals
    if options.json:
        terms = {key: value for key, value in vars(options).items() if key not in ("json",)}
        write_json(options.json, json.loads(json.dumps({"terms": terms, "noise": kept, **provenance()})))


if __name__ == "__main__":
    main()
