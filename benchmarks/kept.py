"""`python -m benchmarks.kept`: what it saves under JAX that a gradient starts from what the forward run has kept.

The same jitted step twice: with a budget that holds the states of the forward run, and with one that does not, so that
they are computed anew. Both take turns within one process; the least time counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.circuit import program
from benchmarks.overhead import measure
from benchmarks.workload import Size, numbers
from qml.backends.engine import EngineExecutor
from qml.engine.compile import compile_program
from qml.engine.memory import is_lean
from qml.layers.jax import circuit
from qml.layers.jax_operator import plan_operator

SIZES = "4,2,32;4,2,1024;8,4,128;8,4,1024;12,4,64"
AMPLE = 1 << 30  # bytes


def scarce(size: Size) -> int | None:
    """A budget in bytes that holds just not what the forward run leaves; None if it would change the method."""
    plan = compile_program(program(size)).plan
    found = plan_operator(plan, AMPLE, 1).station(np.float32, size.rows)
    budget = 0 if found is None else 2 * found[1].residual_bytes(size.rows) - 128
    return None if is_lean(plan, budget) else budget


def step(size: Size, budget: int) -> Callable[[], Any]:
    """A jitted step of values and gradients under a budget in bytes."""
    given, (name,) = numbers(size), circuit(program(size)).init(0)
    pair = circuit(program(size), executor=EngineExecutor(checkpoint_mib=budget / 2**20, threads=1))
    params = {name: jnp.asarray(given.weights_P)}
    inputs, cotangent = jnp.asarray(given.inputs_BD), jnp.asarray(given.cotangent_BK)

    def loss(params: Any, inputs: Any) -> Any:
        values = pair.apply(params, inputs)
        return (values * cotangent).sum(), values

    run = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
    return lambda: jax.block_until_ready(run(params, inputs))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kept",
        description="Microseconds of a jitted step of values and gradients (float32, one thread), with the states of "
        "the forward run kept and computed anew.",
    )
    parser.add_argument("--sizes", default=SIZES, help=f"qubits,layers,rows; several with ; (default: {SIZES})")
    parser.add_argument("--rounds", type=int, default=30, help="turns of each contender (default: 30)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of each contender in all (default: 2)")
    chosen = parser.parse_args(arguments)
    for size in map(Size.parse, chosen.sizes.split(";")):
        budget = scarce(size)
        if budget is None:
            print(f"{size} would run by another method with a budget so small")
            continue
        runs = {"kept": step(size, AMPLE), "anew": step(size, budget)}
        least = {way: min(times) for way, times in measure(runs, chosen.rounds, chosen.seconds).items()}
        print(f"{size} kept {least['kept']:9.1f} us   computed anew {least['anew']:9.1f} us", flush=True)


if __name__ == "__main__":
    main()
