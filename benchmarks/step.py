"""`python -m benchmarks.step`: one training step by every library, side by side; see `benchmarks/README.md`.

Each library runs in a process of its own, in an environment of its own where pins clash, bound to the same cores; all
are checked against a float64 reference, then take turns, one at a time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import bars, machine, record, table
from benchmarks.own import contender, sections
from benchmarks.peers import NAMES, peer_named
from benchmarks.peers.peer import Peer
from benchmarks.rounds import Contender, Result, Rules, measure
from benchmarks.workload import Size

Measured = dict[Size, list[Result]]
SWEEPS = {  # one number at a time, for benchmarks.plot
    "qubits": tuple(Size(n, 4, 16) for n in (4, 6, 8, 10, 12, 14, 16)),
    "batch": tuple(Size(8, 4, rows) for rows in (1, 8, 64, 512, 4096)),
    "depth": tuple(Size(8, depth, 128) for depth in (1, 4, 16, 64)),
}
QUICK = (Size(4, 2, 32), Size(8, 4, 1024))
QUICK_PEERS = ("qml-torch", "qml-jax", "hand-jax", "hand-torch", "pennylane-jax", "pennylane-torch")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if every bar is met."""
    options = _options(arguments)
    cores = machine.chosen_cores(options.threads)
    described = machine.description(cores)
    print(_heading(described), flush=True)
    rules = Rules(**{name: getattr(options, name) for name in ("rounds", "turn_s", "peer_s", "step_s", "build_s")})
    contenders = [contender(name, cores) for name in options.peers]

    def keep(measured: Measured, found: Sequence[bars.Verdict], **more: Any) -> None:
        if options.json is not None:
            kept = record.record(described, rules, options.device, contenders, measured, found, **more)
            path = options.json if options.json.name else record.dated(described)
            record.write(kept, path)
            print(f"written: {path}\n", flush=True)

    try:
        measured, found = _compare(options.sizes, contenders, rules, options.device, keep)
    finally:
        for each in contenders:
            each.end()
    met = [verdict.met is not False for verdict in found]
    if options.device == "cpu" and not options.no_extras:
        more, held = sections(measured, cores, rules)
        met += held
        keep(measured, found, **more)
    return 0 if all(met) else 1


def _compare(
    sizes: Sequence[Size], contenders: Sequence[Contender], rules: Rules, device: str, keep: Callable[..., None]
) -> tuple[Measured, list[bars.Verdict]]:
    """Measure, print and keep each size; all verdicts at the end."""
    peers: dict[str, Peer] = {each.peer.name: each.peer for each in contenders}
    measured: Measured = {}
    found: list[bars.Verdict] = []
    for size in sizes:
        measured[size] = measure(size, contenders, rules, device)
        print(table.size_table(size, peers, measured[size]))
        restless = [r for r in measured[size] if r.idle_cpu_s > 0.05]
        for result in restless:
            print(f"  {result.peer} used {result.idle_cpu_s:.2f} s of CPU time while others ran")
        print(flush=True)
        found += bars.verdicts(size, peers, measured[size])
        keep(measured, found)
    if found:
        print("how many times faster our layers are, median of rounds (least to greatest)")
        print(table.bars_table(found) + "\n", flush=True)
    return measured, found


# ------------------------------------------------------------------------------------------------- command line
def _heading(described: dict[str, Any]) -> str:
    cores = ", ".join(str(core) for core in described["cores"])
    siblings = ", ".join(described["siblings"])
    return (
        f"{described['cpu']}; every library on cores {cores} (siblings {siblings}); {' '.join(described['flags'])}\n"
        f"{described['system']}, Python {described['python']}, commit {described['commit']}, {described['date']}\n"
    )


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
    parser.add_argument("--sweep", nargs="+", choices=SWEEPS, default=None, help="sizes that differ in one number")
    parser.add_argument("--peers", nargs="+", choices=NAMES, default=None, metavar="PEER", help=", ".join(NAMES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument("--threads", type=int, default=None, help="cores of every library (default: all)")
    parser.add_argument("--rounds", type=int, default=None, help=f"turns of each library (default: {rules.rounds})")
    parser.add_argument("--turn-s", type=float, default=rules.turn_s, help="seconds of a turn (default: %(default)s)")
    parser.add_argument("--peer-s", type=float, default=rules.peer_s, help="all turns of a peer (default: %(default)s)")
    parser.add_argument("--step-s", type=float, default=rules.step_s, help="skip longer steps (default: %(default)s)")
    parser.add_argument("--build-s", type=float, default=rules.build_s, help="end longer builds (default: %(default)s)")
    kept = "write a record (default FILE: benchmarks/results/<date>-<machine>.json)"
    parser.add_argument("--json", type=Path, nargs="?", const=Path(), default=None, metavar="FILE", help=kept)
    parser.add_argument("--no-extras", action="store_true", help="only the comparison: no bounds, overhead and memory")
    parser.add_argument("--quick", action="store_true", help="two sizes, the strongest peers, 3 rounds")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else rules.rounds)
    swept = [size for axis in options.sweep or () for size in SWEEPS[axis]]
    options.sizes = options.sizes or swept or list(QUICK if options.quick else bars.SIZES)
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
