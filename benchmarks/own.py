"""What concerns our layers alone: shares of the machine's bounds, what a layer adds to the engine, memory of depth."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.peers import peer_named
from benchmarks.peers.environments import missing, python_of
from benchmarks.process import WorkerProcess, worker_command
from benchmarks.roofline import Roof, roof_of, shares
from benchmarks.rounds import Contender, Result, Rules, measure
from benchmarks.workload import Size

OURS = ("qml-torch", "qml-jax", "qml-engine")
ONE_THREAD = {Size(4, 2, 1024): 0.30, Size(8, 4, 1024): 0.50}  # share of the arithmetic bound
THREADS_BAR = 1.6
OVERHEAD_SIZE = Size(4, 2, 32)
OVERHEAD_BARS_US = {"torch": 40.0, "jax": 20.0}
MEMORY_SIZE, MEMORY_DEPTHS, MEMORY_BAR_MIB = Size(8, 4, 1024), (4, 64), 64.0


def contender(name: str, cores: Sequence[int]) -> Contender:
    """A peer whose worker will be started on these cores when it is first asked."""
    peer = peer_named(name)
    command = worker_command(python_of(peer.environment), name)
    return Contender(peer, partial(WorkerProcess, command, cores), missing(peer.environment))


def sections(
    measured: Mapping[Size, Sequence[Result]], cores: Sequence[int], rules: Rules
) -> tuple[dict[str, Any], list[bool]]:
    """Measure and print all three; what a record keeps of them, and whether each bar is met."""
    bare = bare_engine(cores[0])
    bounds, fast = _bounds(measured, cores, rules, bare)
    overhead, light = _overhead(cores, rules, bare)
    memory, small = _memory(cores)
    return {"bare": bare, "bounds": bounds, "overhead": overhead, "memory": memory}, [fast, light, small]


def bare_engine(core: int) -> dict[str, Any]:
    """What `benchmarks.bound` finds on one core: the engine between two addresses, without checks and frameworks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bound.json")
        command = [sys.executable, "-m", "benchmarks.bound", "--core", str(core), "--json", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return json.loads(path.read_text())


def _bounds(
    measured: Mapping[Size, Sequence[Result]], cores: Sequence[int], rules: Rules, bare: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """Shares of the measured bounds on all cores, of the bare engine on one, and what a second thread brings."""
    roofs = {len(part): roof_of(part) for part in (cores, cores[:1])}
    for roof in roofs.values():
        line = f"{roof.flops / 1e9:.0f} GFLOP/s float32, {roof.bytes / 1e9:.1f} GB/s copied"
        print(f"measured peak of {roof.threads} thread{'s' * (roof.threads > 1)}: {line}")
    rows = [
        {"size": list(asdict(size).values()), "peer": r.peer, "threads": len(cores), "seconds": r.median_s}
        for size, results in measured.items()
        for r in results
        if r.measured and r.peer in OURS
    ]
    for row in rows:
        size, roof = Size(*row["size"]), roofs[row["threads"]]
        row["arithmetic"], row["memory"] = shares(size, row["seconds"], roof)
        print(table.bound_line(size, row["peer"], row["seconds"], roof))
    sizes = [size for size in ONE_THREAD if size in measured]
    held = [_one_thread_bar(size, bare[str(size)]["fraction"]) for size in sizes]
    times: dict[int, float] = {}
    if sizes and len(cores) > 1:
        for part in (cores[:1], cores):
            (result,) = measure_alone("qml-torch", sizes[-1:], part, replace(rules, rounds=max(rules.rounds, 7)))
            times |= {len(part): result.median_s} if result.measured else {}
        held.append(_two_threads_bar(sizes[-1], times, roofs))
    print(flush=True)
    alone = [{"threads": count, "seconds": seconds} for count, seconds in times.items()]
    return {"roofs": [asdict(roof) for roof in roofs.values()], "shares": rows, "alone": alone}, all(held)


def _one_thread_bar(size: Size, share: float) -> bool:
    """Whether the bare engine reaches its share of the arithmetic bound on one thread."""
    bar = ONE_THREAD[size]
    said = "met" if share >= bar else "MISSED"
    print(f"  {size}: the engine on one thread reaches {share:.0%} of the arithmetic bound; bar {bar:.0%}: {said}")
    return share >= bar


def _two_threads_bar(size: Size, times: Mapping[int, float], roofs: Mapping[int, Roof]) -> bool:
    """Whether all threads are worth their number, where the machine has as many real cores."""
    if len(times) < 2:
        return True
    count = max(times)
    gain, real = times[1] / times[count], roofs[count].flops / roofs[1].flops
    excused = real < THREADS_BAR
    said = "met" if gain >= THREADS_BAR else "not asked: these are not real cores" if excused else "MISSED"
    print(
        f"  {size}: {count} threads are {gain:.2f} times one; the machine's peak is {real:.2f} times; bar 1.6: {said}"
    )
    return gain >= THREADS_BAR or excused


def measure_alone(name: str, sizes: Sequence[Size], cores: Sequence[int], rules: Rules) -> list[Result]:
    """One peer on some cores without rivals."""
    alone = contender(name, cores)
    try:
        return [measure(size, [alone], rules)[0] for size in sizes]
    finally:
        alone.end()


# -------------------------------------------------------------------------------------------- overhead and memory
def _overhead(cores: Sequence[int], rules: Rules, bare: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """What the layers add to the bare engine, above what their framework needs for a function that does nothing."""
    names = ("qml-torch", "floor-torch", "qml-jax", "floor-jax")
    contenders = [contender(name, cores) for name in names]
    try:
        results = measure(OVERHEAD_SIZE, contenders, replace(rules, rounds=max(rules.rounds, 7)))
    finally:
        for each in contenders:
            each.end()
    times = {result.peer: result.median_s * 1e6 for result in results if result.measured}
    rows, held, engine = [], True, bare[str(OVERHEAD_SIZE)]["seconds"] * 1e6
    for framework, bar in OVERHEAD_BARS_US.items():
        layer, floor = f"qml-{framework}", f"floor-{framework}"
        if not {layer, floor} <= set(times):
            print(f"overhead of the {framework} layer: not measured")
            continue
        above = times[layer] - engine - times[floor]
        held = held and above <= bar
        rows.append({"layer": layer, "layer_us": times[layer], "engine_us": engine, "floor_us": times[floor]})
        print(
            f"{OVERHEAD_SIZE}, microseconds: {layer} {times[layer]:.0f} = engine {engine:.0f} + empty "
            f"{framework} function {times[floor]:.0f} + {above:.0f}; bar {bar:g}: {'met' if above <= bar else 'MISSED'}"
        )
    print(flush=True)
    return rows, held


def _memory(cores: Sequence[int]) -> tuple[list[dict[str, Any]], bool]:
    """Peak memory of fresh processes that train through the torch layer, at each depth."""
    rows = []
    for depth in MEMORY_DEPTHS:
        size = replace(MEMORY_SIZE, depth=depth)
        (result,) = measure_alone("qml-torch", [size], cores, Rules(rounds=1))
        if result.peak_mib is None:
            print(f"memory: not measured: {result.reason}")
            return rows, False
        rows.append({"size": list(asdict(size).values()), "peak_mib": result.peak_mib})
    growth = rows[-1]["peak_mib"] - rows[0]["peak_mib"]
    shown = ", ".join(f"{row['size'][1]} layers {row['peak_mib']:.1f} MiB" for row in rows)
    print(f"peak memory of a process that trains (8, layers, 1024) through the torch layer: {shown}")
    print(f"  growth {growth:.1f} MiB; bar {MEMORY_BAR_MIB:g}: {'met' if growth <= MEMORY_BAR_MIB else 'MISSED'}\n")
    return rows, growth <= MEMORY_BAR_MIB
