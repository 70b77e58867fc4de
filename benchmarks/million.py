"""`python -m benchmarks.million`: one epoch over a million rows, beside PennyLane in JAX on a fiftieth of them.

The rows are those of the `higgs` set, standardised and sampled with replacement. Ours goes through the toolkit's own
training loop; PennyLane's hybrid of the same shape is one jitted update (JAX and optax), its compilation told apart.
Each runs in a process of its own on the same cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.peers.environments import ROOT
from benchmarks.process import environment
from benchmarks.resident import peak_mib

SHARE = 50
SCORED = 4096  # rows whose accuracy is told, so that a run that learns nothing is seen
RATE = 0.01


@dataclass(frozen=True)
class Shape:
    """Of the hybrid and its training: one layer of an MLP, angles, strongly entangling layers, two logits."""

    n_qubits: int = 8
    depth: int = 2
    width: int = 32
    batch: int = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 when both have been timed."""
    options = _options(arguments)
    shape = Shape(options.qubits, options.depth, options.width, options.batch)
    if options.part:
        run = {"ours": train_ours, "pennylane": train_pennylane}[options.part]
        print(json.dumps(run(*sampled(options.rows, options.data), shape)))
        return 0
    described = machine.description(sorted(os.sched_getaffinity(0)))
    print(f"{described['cpu']}, {len(described['cores'])} cores, commit {described['commit']}, {described['date']}")
    print(f"{options.data}, {options.rows:,} rows sampled with replacement; {shape}")
    found = {}
    for part, rows in (("pennylane", max(shape.batch, options.rows // SHARE)), ("ours", options.rows)):
        found[part] = _in_a_process(part, rows, options)
        print(_line(part, found[part]), flush=True)
    ratio = found["ours"]["rows_per_s"] / found["pennylane"]["rows_per_s"]
    print(f"rows a second, ours over PennyLane in JAX: {ratio:.1f}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        kept = {"machine": described, "shape": vars(shape), "data": options.data, **found, "ratio": ratio}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


def sampled(rows: int, data: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`rows` rows of the training part of a set, standardised: inputs `(N, F)` float32 and classes `(N,)`."""
    from qml.data import make_source, whole

    batch = whole(make_source(data), "train")
    chosen = np.random.default_rng(seed).integers(0, len(batch.inputs), rows)
    return batch.inputs[chosen].reshape(rows, -1).astype(np.float32), np.asarray(batch.targets)[chosen]


def train_ours(inputs: np.ndarray, targets: np.ndarray, shape: Shape) -> dict[str, Any]:
    """One epoch of a HybridSpec through the toolkit's loop, and its warm-up."""
    from qml.data import ArraySource, Split
    from qml.estimators.choices import Training
    from qml.estimators.data_choice import signature_of
    from qml.estimators.fits import step_fit
    from qml.learn.fit import Budget
    from qml.models import CircuitSpec, HybridSpec
    from qml.models.features import Mlp

    def source(rows: int) -> ArraySource:
        split = Split({"train": np.arange(rows)}, how="all rows are trained on")
        return ArraySource.from_arrays(inputs[:rows], targets[:rows], split=split)

    everything = source(len(inputs))
    spec = HybridSpec(Mlp((shape.width,)), CircuitSpec("sel", shape.n_qubits, shape.depth)).on(signature_of(everything))
    training = Training(batch_size=shape.batch, learning_rate=RATE, checkpoint_every_s=None)
    fit = step_fit(spec, training, progress=False)
    target = everything.schema.target
    if target is None:
        raise SystemExit(f"A set with classes is needed; {everything.schema.name} has no target.")
    task = training.task(target)
    started = time.perf_counter()
    fit(spec.build, task, source(2 * shape.batch), Budget(epochs=1), 1)
    warm = time.perf_counter() - started
    fitted = fit(spec.build, task, everything, Budget(epochs=1), 1)
    outputs = fitted.predict(source(min(len(inputs), SCORED)), "train")
    return _told(len(inputs), fitted.cost.wall_s, warm, _accuracy(outputs, targets[:SCORED]))


def train_pennylane(inputs: np.ndarray, targets: np.ndarray, shape: Shape) -> dict[str, Any]:
    """One epoch of the same network in JAX around a PennyLane QNode, one jitted update a batch."""
    import jax
    import jax.numpy as jnp
    import optax

    apply, params = pennylane_network(inputs.shape[1], shape)
    optimiser = optax.adam(RATE)

    @jax.jit
    def update(params, state, x, y):
        def loss(params):
            return optax.softmax_cross_entropy_with_integer_labels(apply(params, x), y).mean()

        value, gradients = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, value

    state, batch = optimiser.init(params), shape.batch
    started = time.perf_counter()
    jax.block_until_ready(update(params, state, inputs[:batch], targets[:batch]))
    warm = time.perf_counter() - started
    order = np.random.default_rng(1).permutation(len(inputs))
    started = time.perf_counter()
    for start in range(0, len(order) - batch + 1, batch):
        rows = order[start : start + batch]
        params, state, _ = update(params, state, inputs[rows], targets[rows])
    jax.block_until_ready(params)
    seconds = time.perf_counter() - started
    done = len(order) // batch * batch
    outputs = np.asarray(jax.jit(apply)(params, jnp.asarray(inputs[:SCORED])))
    return _told(done, seconds, warm, _accuracy(outputs, targets[:SCORED]))


def pennylane_network(n_features: int, shape: Shape) -> tuple[Callable, dict[str, Any]]:
    """`apply(params, inputs)` and its parameters: the layers of a HybridSpec with PennyLane's templates inside."""
    import jax
    import jax.numpy as jnp
    import pennylane as qp

    n = shape.n_qubits
    warnings.filterwarnings("ignore", message="Explicitly requested dtype")  # PennyLane asks JAX for complex128

    @qp.qnode(qp.device("default.qubit", wires=n), interface="jax", diff_method="backprop")
    def circuit(angles, weights):
        qp.AngleEmbedding(angles, wires=range(n), rotation="Y")
        qp.StronglyEntanglingLayers(weights, wires=range(n))
        return [qp.expval(qp.PauliZ(wire)) for wire in range(n)]

    keys = jax.random.split(jax.random.key(1), 4)
    params = {
        "features": jax.random.normal(keys[0], (n_features, shape.width)) / n_features**0.5,
        "angles": jax.random.normal(keys[1], (shape.width, n)) * 0.1,
        "circuit": jax.random.uniform(keys[2], (shape.depth, n, 3)) * 2 * jnp.pi,
        "head": jax.random.normal(keys[3], (n, 2)) / n**0.5,
        "biases": {"features": jnp.zeros(shape.width), "angles": jnp.zeros(n), "head": jnp.zeros(2)},
    }

    def apply(params, inputs):
        hidden = jax.nn.relu(inputs @ params["features"] + params["biases"]["features"])
        angles = jnp.pi * jnp.tanh(hidden @ params["angles"] + params["biases"]["angles"])
        values = jnp.stack(jax.vmap(circuit, in_axes=(0, None))(angles, params["circuit"]), axis=1)
        return values @ params["head"] + params["biases"]["head"]

    return apply, params


def _accuracy(outputs: np.ndarray, targets: np.ndarray) -> float:
    return float(np.mean(outputs.argmax(axis=1) == targets))


def _told(rows: int, seconds: float, warm: float, accuracy: float) -> dict[str, Any]:
    told = {"rows": rows, "seconds": seconds, "rows_per_s": rows / seconds, "warm_up_s": warm}
    return {**told, "accuracy": accuracy, "peak_mib": peak_mib()}


def _line(part: str, found: dict[str, Any]) -> str:
    title = {"ours": "qml, torch", "pennylane": "PennyLane, JAX, optax"}[part]
    return (
        f"  {title:24}{found['rows']:>10,} rows{found['seconds']:9.1f} s{found['rows_per_s']:12,.0f} rows/s; compile "
        f"and warm-up {found['warm_up_s']:.1f} s; accuracy on the rows seen {found['accuracy']:.3f}; "
        f"peak {found['peak_mib']:.0f} MiB"
    )


def _in_a_process(part: str, rows: int, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.million", "--part", part, "--rows", str(rows), "--data", options.data]
    for name in ("qubits", "depth", "width", "batch"):
        command += [f"--{name}", str(getattr(options, name))]
    variables = environment(len(os.sched_getaffinity(0)))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=variables)
    if done.returncode:
        raise SystemExit(f"{part} ended with status {done.returncode}; what it wrote stands above.")
    return json.loads(done.stdout.splitlines()[-1])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    shape = Shape()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.million",
        description="Seconds of one epoch over a million rows of the higgs set (sampled with replacement) through a "
        "hybrid of 8 qubits with an MLP in front, beside PennyLane in JAX on a fiftieth of them; compilation apart.",
        epilog="QML_DATA names the folder of data sets; --data breast_cancer needs none.",
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: %(default)s")
    parser.add_argument("--data", default="higgs", help="a set of two classes (default: %(default)s)")
    parser.add_argument("--qubits", type=int, default=shape.n_qubits, help="default: %(default)s")
    parser.add_argument("--depth", type=int, default=shape.depth, help="entangling layers (default: %(default)s)")
    parser.add_argument("--width", type=int, default=shape.width, help="of the MLP's layer (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=shape.batch, help="rows an update (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write what was found")
    parser.add_argument("--part", choices=("ours", "pennylane"), default=None, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
