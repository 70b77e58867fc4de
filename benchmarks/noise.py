"""`python -m benchmarks.noise`: the noisy Executor against Aer's density matrix, in error and in CPU time."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import chosen_cores, description
from qml.backends.noise import NOISES, NoiseModel
from qml.backends.noisy import NoisyExecutor
from qml.backends.noisy.plan import plan_of
from qml.backends.slotted import slotted
from qml.backends.transpiling import compact
from qml.circuits import Gate, Program, input_slot, weight_slot
from qml.circuits.slots import slots, slots_vjp

VALUES, SLOPES, RATIO = 1e-10, 1e-6, 100.0
SCHEMA = 1
ROWS = 2  # of each random Program
TURNS = 7  # of ours that are timed; the median counts


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if every bar is met."""
    options = _options(arguments)
    logging.getLogger("qiskit_aer").setLevel(logging.ERROR)
    print(f"{options.programs} random noisy Programs of 1 to 5 qubits, {ROWS} rows each, float64, against Aer")
    errors = compare(options.programs, options.seed)
    worst = {kind: max(error[kind] for error in errors) for kind in ("values", "slopes")}
    print(f"  values     worst error {worst['values']:.1e}   allowed {VALUES:.0e}")
    print(
        f"  gradients  worst error {worst['slopes']:.1e}   allowed {SLOPES:.0e}   (differences of fourth order of Aer)"
    )
    speed = step(options)
    show(speed)
    met = {
        "values": worst["values"] <= VALUES and speed["error_values"] <= VALUES,
        "gradients": worst["slopes"] <= SLOPES and speed["error_slopes"] <= SLOPES,
        "cpu": speed["ratio"] >= RATIO,
    }
    print("  " + ", ".join(f"{name} {'met' if ok else 'MISSED'}" for name, ok in met.items()))
    kept = {
        "schema": SCHEMA,
        "machine": description(chosen_cores(None)),
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "bars": {"values": VALUES, "gradients": SLOPES, "cpu": RATIO},
        "programs": errors,
        "step": speed,
        "met": met,
    }
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if options.plot:
        from benchmarks.noise_plot import draw

        draw(kept, options.plot)
    return 0 if all(met.values()) else 1


def compare(count: int, seed: int) -> list[dict[str, Any]]:
    """Errors of values and gradients of random noisy Programs."""
    from benchmarks.noise_oracle import AerJudge, random_noise, random_noisy_program

    found = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        n_qubits = 1 + number % 5
        program = random_noisy_program(rng, n_qubits, 14, "probabilities" if number % 3 == 2 else "sums")
        noise = random_noise(rng, n_qubits)
        inputs, weights = rng.normal(size=(ROWS, program.n_inputs)), rng.normal(size=program.n_weights)
        cotangent = rng.normal(size=(ROWS, program.n_values))
        angles, judge, noisy = slots(program, inputs, weights), AerJudge(slotted(program), noise), NoisyExecutor(noise)
        values = noisy.forward(program, inputs, weights).values_BK
        by_slot, _ = judge.gradients(angles, np.zeros(0), cotangent)
        mine, wanted = noisy.vjp(program, inputs, weights, cotangent), slots_vjp(program, inputs, weights, by_slot)
        off = [np.abs(mine.inputs_BD - wanted[0]).max(), np.abs(mine.weights - wanted[1]).max()]
        error = float(np.abs(values - judge.values(angles, np.zeros(0))).max())
        found.append({"qubits": n_qubits, "gates": len(program.gates), "values": error, "slopes": float(max(off))})
    return found


def layered(n_qubits: int, depth: int) -> Program:
    """RX of the data on each wire, RY and RZ with weights, a ring of CNOT; `depth` times. <Z> of each wire."""
    gates, wires, weight = [], range(n_qubits), 0
    for _ in range(depth):
        gates += [Gate("RX", (wire,), (input_slot(wire),)) for wire in wires]
        for wire in wires:
            gates += [Gate("RY", (wire,), (weight_slot(weight),)), Gate("RZ", (wire,), (weight_slot(weight + 1),))]
            weight += 2
        gates += [Gate("CNOT", (wire, (wire + 1) % n_qubits)) for wire in wires]
    return Program(n_qubits, tuple(gates), n_inputs=n_qubits, n_weights=weight)


def step(options: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of forward and backward: ours, and Aer with the parameter-shift rule on some rows."""
    program, noise = layered(options.qubits, options.layers), NOISES[options.noise]()
    rng = np.random.default_rng(options.seed)
    inputs = rng.normal(size=(options.rows, program.n_inputs))
    weights = rng.uniform(-np.pi, np.pi, program.n_weights)
    cotangent = rng.normal(size=(options.rows, program.n_values))
    begun = time.process_time()
    executor = NoisyExecutor(noise, threads=1)
    native = executor.native(program)
    transpiled = time.process_time() - begun
    begun = time.process_time()
    plan = plan_of(native, noise)
    compiled = time.process_time() - begun
    ours = {}
    for dtype in ("float64", "float32"):
        arrays = [array.astype(dtype) for array in (inputs, weights, cotangent)]
        forward = _cpu(lambda a=arrays: executor.forward(program, *a[:2]), TURNS)
        backward = _cpu(lambda a=arrays: executor.vjp(program, *a), TURNS)
        ours[dtype] = {"forward": forward, "backward": backward, "both": forward + backward}
    rows = options.rows if options.whole else min(options.part, options.rows)
    aer = shifted(native, noise, program, inputs[:rows], weights, cotangent[:rows])
    whole = aer["cpu"] * options.rows / rows
    tiled = np.tile(weights, (rows, 1))
    mine = executor.vjp(program, inputs[:rows], tiled, cotangent[:rows])
    by_row = slots_vjp(program, inputs[:rows], tiled, aer["by_slot"])
    off = [np.abs(mine.inputs_BD - by_row[0]).max(), np.abs(mine.weights - by_row[1]).max()]
    values = executor.forward(program, inputs[:rows], weights).values_BK
    return {
        "noise": options.noise,
        "size": [options.qubits, options.layers, options.rows],
        "angles": aer["angles"],
        "native_gates": len(native.gates),
        "active": plan.n_wires,
        "sweeps": len(plan.ops),
        "transpile_cpu": transpiled,
        "compile_cpu": compiled,
        "ours_cpu": ours,
        "aer_rows": rows,
        "aer_bindings": aer["bindings"],
        "aer_cpu_measured": aer["cpu"],
        "aer_cpu": whole,
        "extrapolated": rows != options.rows,
        "error_values": float(np.abs(values - aer["values"]).max()),
        "error_slopes": float(max(off)),
        "ratio": whole / ours["float64"]["both"],
        "ratio_float32": whole / ours["float32"]["both"],
    }


def shifted(native: Program, noise, program: Program, inputs, weights, cotangent) -> dict[str, Any]:
    """Values of Aer, and slopes by its values at both shifts of each angle that depends on a slot."""
    from benchmarks.noise_oracle import AerJudge
    from qml.circuits.slots import angle_table

    judge = AerJudge(*narrowed(native, noise), bound_by_aer=True)
    angles, varying = slots(program, inputs, weights), np.flatnonzero(angle_table(program).varies)
    n_rows, count = len(angles), len(varying)
    bindings = np.broadcast_to(angles, (1 + 2 * count, *angles.shape)).copy()
    for place, column in enumerate(varying):
        bindings[1 + 2 * place, :, column] += np.pi / 2
        bindings[2 + 2 * place, :, column] -= np.pi / 2
    bindings = bindings.reshape(-1, angles.shape[1])
    judge.values(angles[:1], np.zeros(0))  # what is made once
    begun = time.process_time()
    values = judge.values(bindings, np.zeros(0))
    cpu = time.process_time() - begun
    values = values.reshape(1 + 2 * count, n_rows, -1)
    by_slot = np.zeros_like(angles)
    by_slot[:, varying] = np.einsum("sbk,bk->bs", (values[1::2] - values[2::2]) / 2, cotangent)
    return {"cpu": cpu, "bindings": len(bindings), "values": values[0], "by_slot": by_slot, "angles": count}


def narrowed(native: Program, noise: NoiseModel) -> tuple[Program, NoiseModel]:
    """The same on the qubits that the Program acts on: what Aer runs fastest."""
    small, wires = compact(native)
    place = {wire: position for position, wire in enumerate(wires)}
    gates = [(entry, entry.wires or ()) for entry in noise.gates if set(entry.wires or ()) <= set(wires)]
    moved = [replace(entry, wires=tuple(place[wire] for wire in on) or None) for entry, on in gates]
    read = [replace(entry, wire=place[entry.wire]) for entry in noise.readout if entry.wire in place]
    return small, NoiseModel(tuple(moved), tuple(read))


def _cpu(call: Callable[[], Any], turns: int) -> float:
    """The median of CPU seconds, all threads together, after one call that is not timed."""
    call()
    found = []
    for _ in range(turns):
        begun = time.process_time()
        call()
        found.append(time.process_time() - begun)
    return float(np.median(found))


def show(speed: Mapping[str, Any]) -> None:
    """The table of the step."""
    qubits, layers, rows = speed["size"]
    kind = "extrapolated" if speed["extrapolated"] else "measured"
    print(
        f"{rows} samples x {qubits} qubits x {layers} layers with the noise of {speed['noise']}: {speed['angles']} "
        f"angles, {speed['native_gates']} gates of the device on {speed['active']} qubits; CPU seconds of both sweeps"
    )
    for dtype, cpu in speed["ours_cpu"].items():
        ratio = speed["aer_cpu"] / cpu["both"]
        print(
            f"  noisy, {dtype}           {cpu['both']:9.4f}   (forward {cpu['forward']:.4f}, backward "
            f"{cpu['backward']:.4f})   {ratio:,.0f} times less than Aer"
        )
    print(
        f"  Aer + parameter shift    {speed['aer_cpu']:9.1f}   {kind} from {speed['aer_bindings']:,} bindings of "
        f"{speed['aer_rows']} rows in {speed['aer_cpu_measured']:.2f}"
    )
    print(
        f"  once a Program           {speed['transpile_cpu']:9.3f} to transpile, {speed['compile_cpu']:.3f} to compile"
    )
    print(f"  errors on these rows     {speed['error_values']:.1e} of values, {speed['error_slopes']:.1e} of gradients")
    print(f"  {speed['ratio']:,.0f} times less CPU in float64; at least {RATIO:.0f} asked for")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.noise",
        description="The noisy Executor against Aer's density matrix: values and gradients of random noisy Programs, "
        "then the CPU time of a training step on a device's noise beside Aer with the parameter-shift rule, timed on a "
        "part of the rows and extrapolated.",
        epilog="Exit status 0 means that values agree to 1e-10, gradients to 1e-6, and that ours takes at least 100 "
        "times less CPU in float64.",
    )
    parser.add_argument("--programs", type=int, default=50, help="random noisy Programs (default: 50)")
    parser.add_argument("--qubits", type=int, default=6)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--rows", type=int, default=256, help="samples of the step (default: 256)")
    parser.add_argument("--noise", default="fake_lagos", help="a device among the noises (default: fake_lagos)")
    parser.add_argument("--part", type=int, default=4, help="rows that Aer is timed on (default: 4)")
    parser.add_argument("--whole", action="store_true", help="time Aer on all rows: minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE", help="draw them there (PNG, SVG)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
