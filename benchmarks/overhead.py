"""`python -m benchmarks.overhead`: what the layers add to the kernels, beside what torch and JAX cost by themselves.

All contenders take turns within one process, so that a slower moment of the machine hits them alike; the least time of
each is what is compared. The floor of torch is an `autograd.Function` that allocates its results and computes nothing;
that of JAX a jitted function of the same arguments and results.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import torch

from qml.circuits import angle, sel
from qml.engine.compile import compile_program
from qml.engine.memory import budget_bytes
from qml.engine.runner import runner_of
from qml.layers.jax import circuit
from qml.layers.torch import CircuitLayer

Contender = Callable[[], object]


class Empty(torch.autograd.Function):
    """A Function that computes nothing."""

    @staticmethod
    def forward(ctx, inputs, weights):
        ctx.save_for_backward(inputs, weights)
        return inputs.new_empty(inputs.shape)

    @staticmethod
    def backward(ctx, *cotangents):
        inputs, weights = ctx.saved_tensors
        return torch.empty_like(inputs), torch.empty_like(weights)


def contenders(n_qubits: int, depth: int, batch: int) -> dict[str, Contender]:
    """A step of each: values, and gradients of inputs and weights; some also forward alone."""
    program = angle(n_qubits) + sel(n_qubits, depth=depth)
    rng = np.random.default_rng(0)
    inputs, cotangent = rng.normal(size=(2, batch, n_qubits)).astype(np.float32)
    layer, pair = CircuitLayer(program, seed=0), circuit(program)
    weights = layer.weights.detach().numpy().reshape(-1)
    runner = runner_of(compile_program(program).plan, inputs.dtype, budget_bytes())
    x, by_torch = torch.tensor(inputs, requires_grad=True), torch.tensor(cotangent)
    params, rows, by_jax = pair.init(0), jnp.asarray(inputs), jnp.asarray(cotangent)

    def kernel():
        run = runner.forward(inputs, weights, keep=True)
        return runner.gradients(inputs, weights, cotangent, residual=run.residual)

    def torch_forward():
        with torch.no_grad():
            return layer(x)

    @jax.jit
    def jax_floor(params, rows, cotangent):
        return rows * 1, jax.tree.map(lambda p: p * 1, params), cotangent * 1

    @jax.jit
    def jax_step(params, rows, cotangent):
        values, pull = jax.vjp(pair.apply, params, rows)
        return values, *pull(cotangent)

    apply, same = jax.jit(pair.apply), jax.jit(lambda params, rows: rows * 1)
    done = jax.block_until_ready
    return {
        "kernel": kernel,
        "torch floor": lambda: torch.autograd.grad(Empty.apply(x, layer.weights), (x, layer.weights), by_torch),
        "torch layer": lambda: torch.autograd.grad(layer(x), (x, layer.weights), by_torch),
        "torch layer, forward": torch_forward,
        "jit floor": lambda: done(jax_floor(params, rows, by_jax)),
        "JAX layer": lambda: done(jax_step(params, rows, by_jax)),
        "jit floor, forward": lambda: done(same(params, rows)),
        "JAX layer, forward": lambda: done(apply(params, rows)),
    }


def microseconds(run: Contender, count: int) -> float:
    """Mean time of `count` runs."""
    start = time.perf_counter()
    for _ in range(count):
        run()
    return 1e6 * (time.perf_counter() - start) / count


def measure(runs: dict[str, Contender], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Times of each contender, in turns."""
    first = {name: microseconds(run, 1) for name, run in runs.items()}  # compiles
    counts = {name: max(1, int(1e6 * seconds / rounds / microseconds(run, 3))) for name, run in runs.items()}
    print("first call, seconds: " + ", ".join(f"{name} {1e-6 * us:.2f}" for name, us in first.items()))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(microseconds(run, counts[name]))
    return times


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead",
        description="What the torch layer and the JAX layer add to the kernels of the CPU engine, in microseconds a "
        "step of values and gradients (float32), beside the floors of torch and JAX. All take turns within one "
        "process; the least time counts.",
    )
    parser.add_argument("--size", default="4,2,32", help="qubits, depth and batch (default: 4,2,32)")
    parser.add_argument("--rounds", type=int, default=60, help="turns of each contender (default: 60)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds of each contender in all (default: 3)")
    chosen = parser.parse_args(arguments)
    times = measure(contenders(*map(int, chosen.size.split(","))), chosen.rounds, chosen.seconds)
    least = {name: min(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:22s} {least[name]:9.1f} us least {np.median(values):9.1f} us median")
    added = {
        "torch layer above floor and kernel": least["torch layer"] - least["torch floor"] - least["kernel"],
        "JAX layer above floor and kernel": least["JAX layer"] - least["jit floor"] - least["kernel"],
    }
    for name, value in added.items():
        print(f"{name:36s} {value:6.1f} us")


if __name__ == "__main__":
    main()
