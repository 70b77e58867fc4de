"""`python -m benchmarks.step`: one training step by every library, side by side; see `benchmarks/README.md`.

Each library runs in a process of its own, in an environment of its own where pins clash, bound to the same cores; all
are checked against a float64 reference, then take turns, one at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import bars, machine, record, table
from benchmarks.peers import NAMES, peer_named
from benchmarks.peers.environments import ROOT, missing, python_of
from benchmarks.peers.peer import Peer
from benchmarks.process import WorkerProcess, environment, worker_command
from benchmarks.roofline import Roof, shares
from benchmarks.rounds import Contender, Result, Rules, measure
from benchmarks.workload import Size

QUICK = (Size(4, 2, 32), Size(8, 4, 1024))
QUICK_PEERS = ("qml-torch", "qml-jax", "hand-jax", "hand-torch", "pennylane-jax", "pennylane-torch")
ONE_THREAD = {Size(4, 2, 1024): 0.30, Size(8, 4, 1024): 0.50}  # share of the arithmetic bound on one thread
THREADS_BAR = 1.6
OVERHEAD_SIZE = Size(4, 2, 32)
OVERHEAD_BARS_US = {"torch": 40.0, "jax": 20.0}
MEMORY_SIZE, MEMORY_DEPTHS, MEMORY_BAR_MIB = Size(8, 4, 1024), (4, 64), 64.0
OURS = ("qml-torch", "qml-jax", "qml-engine")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if every bar is met."""
    options = _options(arguments)
    cores = _cores(options.threads)
    described = machine.description(cores)
    print(_heading(described), flush=True)
    rules = Rules(**{name: getattr(options, name) for name in ("rounds", "turn_s", "peer_s", "step_s", "build_s")})
    contenders = [contender(name, cores) for name in options.peers]
    try:
        measured, found = _compare(options.sizes, contenders, rules, options.device)
    finally:
        for each in contenders:
            each.end()
    met = [verdict.met is not False for verdict in found]
    sections: dict[str, Any] = {}
    if options.device == "cpu" and not options.no_extras:
        sections["bounds"], held = _bounds(measured, cores, rules)
        met.append(held)
        sections["overhead"], held = _overhead(cores, rules)
        met.append(held)
        sections["memory"], held = _memory(cores)
        met.append(held)
    if options.json:
        kept = record.record(described, rules, options.device, contenders, measured, found, **sections)
        record.write(kept, options.json)
        print(f"written: {options.json}")
    return 0 if all(met) else 1


def contender(name: str, cores: Sequence[int]) -> Contender:
    """A peer whose worker will be started on these cores when it is first asked."""
    peer = peer_named(name)
    command = worker_command(python_of(peer.environment), name)
    return Contender(peer, partial(WorkerProcess, command, cores), missing(peer.environment))


def _compare(
    sizes: Sequence[Size], contenders: Sequence[Contender], rules: Rules, device: str
) -> tuple[dict[Size, list[Result]], list[bars.Verdict]]:
    """Measure and print each size; all verdicts at the end."""
    peers: dict[str, Peer] = {each.peer.name: each.peer for each in contenders}
    measured: dict[Size, list[Result]] = {}
    found: list[bars.Verdict] = []
    for size in sizes:
        measured[size] = measure(size, contenders, rules, device)
        print(table.size_table(size, peers, measured[size]))
        restless = [r for r in measured[size] if r.idle_cpu_s > 0.05]
        for result in restless:
            print(f"  {result.peer} used {result.idle_cpu_s:.2f} s of CPU time while others ran")
        print(flush=True)
        found += bars.verdicts(size, peers, measured[size])
    if found:
        print("how many times faster our layers are, median of rounds (least to greatest)")
        print(table.bars_table(found) + "\n", flush=True)
    return measured, found


# -------------------------------------------------------------------------------------------------- our own bounds
def _bounds(measured: dict[Size, list[Result]], cores: Sequence[int], rules: Rules) -> tuple[dict[str, Any], bool]:
    """Shares of the measured bounds on all cores and on one, and what a second thread brings."""
    roofs = {len(part): _roof(part) for part in (cores, cores[:1])}
    for roof in roofs.values():
        line = f"{roof.flops / 1e9:.0f} GFLOP/s float32, {roof.bytes / 1e9:.1f} GB/s copied"
        print(f"measured peak of {roof.threads} thread{'s' * (roof.threads > 1)}: {line}")
    rows = [
        {"size": list(asdict(size).values()), "peer": r.peer, "threads": len(cores), "seconds": r.median_s}
        for size, results in measured.items()
        for r in results
        if r.measured and r.peer in OURS
    ]
    sizes = [size for size in ONE_THREAD if size in measured]
    singles = {name: measure_alone(name, sizes, cores[:1], rules) for name in ("qml-engine", "qml-torch")}
    for name, results in singles.items():
        for size, result in zip(sizes, results, strict=True):
            if result.measured:
                rows.append(
                    {"size": list(asdict(size).values()), "peer": name, "threads": 1, "seconds": result.median_s}
                )
    for row in rows:
        size, roof = Size(*row["size"]), roofs[row["threads"]]
        row["arithmetic"], row["memory"] = shares(size, row["seconds"], roof)
        print(table.bound_line(size, row["peer"], row["seconds"], roof))
    held = [_one_thread_bar(size, rows) for size in sizes]
    held += [_two_threads_bar(size, rows, roofs) for size in sizes[-1:] if len(cores) > 1]
    print(flush=True)
    return {"roofs": [asdict(roof) for roof in roofs.values()], "shares": rows}, all(held)


def _one_thread_bar(size: Size, rows: Sequence[dict[str, Any]]) -> bool:
    """Whether the engine reaches its share of the arithmetic bound on one thread."""
    triple, bar = list(asdict(size).values()), ONE_THREAD[size]
    found = [r["arithmetic"] for r in rows if r["size"] == triple and r["threads"] == 1 and r["peer"] == "qml-engine"]
    if not found:
        return True
    said = "met" if found[0] >= bar else "MISSED"
    print(f"  {size}: the engine on one thread reaches {found[0]:.0%} of the arithmetic bound; bar {bar:.0%}: {said}")
    return found[0] >= bar


def _two_threads_bar(size: Size, rows: Sequence[dict[str, Any]], roofs: dict[int, Roof]) -> bool:
    """Whether all threads are worth their number, where the machine has as many real cores."""
    triple, count = list(asdict(size).values()), max(roofs)
    times = {r["threads"]: r["seconds"] for r in rows if r["size"] == triple and r["peer"] == "qml-torch"}
    if len(times) < 2:
        return True
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


def _roof(cores: Sequence[int]) -> Roof:
    """Measured in a process bound to these cores."""
    command = [sys.executable, "-m", "benchmarks.roofline", "--threads", str(len(cores))]
    bind = partial(os.sched_setaffinity, 0, cores) if sys.platform == "linux" else None
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment(len(cores)), preexec_fn=bind
    )
    return Roof(**json.loads(done.stdout.splitlines()[-1]))


# -------------------------------------------------------------------------------------------- overhead and memory
def _overhead(cores: Sequence[int], rules: Rules) -> tuple[list[dict[str, Any]], bool]:
    """What the layers add to the engine, above what their framework needs for a function that does nothing."""
    names = ("qml-engine", "qml-torch", "floor-torch", "qml-jax", "floor-jax")
    contenders = [contender(name, cores) for name in names]
    try:
        results = measure(OVERHEAD_SIZE, contenders, replace(rules, rounds=max(rules.rounds, 7)))
    finally:
        for each in contenders:
            each.end()
    times = {result.peer: result.median_s * 1e6 for result in results if result.measured}
    rows, held = [], True
    for framework, bar in OVERHEAD_BARS_US.items():
        layer, floor = f"qml-{framework}", f"floor-{framework}"
        if not {"qml-engine", layer, floor} <= set(times):
            print(f"overhead of the {framework} layer: not measured")
            continue
        above = times[layer] - times["qml-engine"] - times[floor]
        held = held and above <= bar
        rows.append(
            {"layer": layer, "layer_us": times[layer], "engine_us": times["qml-engine"], "floor_us": times[floor]}
        )
        print(
            f"{OVERHEAD_SIZE}, microseconds: {layer} {times[layer]:.0f} = engine {times['qml-engine']:.0f} + empty "
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


# ------------------------------------------------------------------------------------------------- command line
def _heading(described: dict[str, Any]) -> str:
    cores = ", ".join(str(core) for core in described["cores"])
    siblings = ", ".join(described["siblings"])
    return (
        f"{described['cpu']}; every library on cores {cores} (siblings {siblings}); {' '.join(described['flags'])}\n"
        f"{described['system']}, Python {described['python']}, commit {described['commit']}, {described['date']}\n"
    )


def _cores(threads: int | None) -> list[int]:
    """The cores that every worker is bound to."""
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else list(range(os.cpu_count() or 1))
    if threads is not None and not 1 <= threads <= len(cores):
        raise SystemExit(f"--threads must be 1..{len(cores)} on this machine; got {threads}.")
    return cores[:threads]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    rules = Rules()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.step",
        description="Time of one training step (forward, gradients to weights and inputs) by every library, each in a "
        "process of its own, checked against a float64 reference and then timed in turns. Workload (qubits, layers, "
        "rows): RY(x_i) on each wire, layers of RZ RY RZ and a CNOT ring, <Z_i>. Also: what share of the machine's "
        "bounds ours reaches, what the layers add to the engine, and peak memory at 64 layers beside 4.",
        epilog="Exit status 0 means that every bar is met. `python -m benchmarks.peers` installs the peers.",
    )
    sizes = " ".join(f"{s.n_qubits},{s.depth},{s.rows}" for s in bars.SIZES)
    parser.add_argument("--sizes", nargs="+", type=_size, default=None, metavar="Q,L,B", help=f"default: {sizes}")
    parser.add_argument("--peers", nargs="+", choices=NAMES, default=None, metavar="PEER", help=", ".join(NAMES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument("--threads", type=int, default=None, help="cores of every library (default: all)")
    parser.add_argument("--rounds", type=int, default=None, help=f"turns of each library (default: {rules.rounds})")
    parser.add_argument("--turn-s", type=float, default=rules.turn_s, help="seconds of a turn (default: %(default)s)")
    parser.add_argument("--peer-s", type=float, default=rules.peer_s, help="all turns of a peer (default: %(default)s)")
    parser.add_argument("--step-s", type=float, default=rules.step_s, help="skip longer steps (default: %(default)s)")
    parser.add_argument("--build-s", type=float, default=rules.build_s, help="end longer builds (default: %(default)s)")
    parser.add_argument("--json", type=Path, nargs="?", const=None, default=None, metavar="FILE", help="write a record")
    parser.add_argument("--no-extras", action="store_true", help="only the comparison: no bounds, overhead and memory")
    parser.add_argument("--quick", action="store_true", help="two sizes, the strongest peers, 3 rounds")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else rules.rounds)
    options.sizes = options.sizes or list(QUICK if options.quick else bars.SIZES)
    floors = [name for name in NAMES if peer_named(name).kind == "floor"]
    options.peers = options.peers or list(QUICK_PEERS if options.quick else [n for n in NAMES if n not in floors])
    return options


def _size(text: str) -> Size:
    try:
        return Size.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
