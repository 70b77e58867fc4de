"""`python -m benchmarks.stream`: rows of Parquet files streamed through a hybrid's epoch, counted, timed and weighed.

Every reader and every epoch runs in a process of its own, whose whole tree is weighed (PSS) from outside meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import machine, record
from benchmarks.peers.environments import ROOT
from benchmarks.process import environment
from benchmarks.stream_readers import READERS
from benchmarks.stream_rows import RowSum, expected_sum, written
from benchmarks.tree_memory import TreeMemory
from qml.base.seeds import derive
from qml.data import ParquetSource
from qml.data.source import Batch, Schema, Source

BATCH = 256
SEED = 1
PEER_SECONDS = 8.0
MOST_RATIO, LEAST_ROWS_PER_S, MOST_MIB = 1.15, 2_000_000, 2048


@dataclass
class SummedSource:
    """Another Source, with a sum over all rows of the last pass in shuffled order."""

    inner: Source
    found: RowSum = field(default_factory=RowSum)

    @property
    def schema(self) -> Schema:
        """That of the Source inside."""
        return self.inner.schema

    def batches(self, split: str, size: int, seed: int | None = None, **options: Any) -> Iterator[Batch]:
        """The batches of the Source inside, each counted when it is handed over."""
        self.found = RowSum()
        for batch in self.inner.batches(split, size, seed, **options):
            if seed is not None:
                self.found.add(batch.inputs, batch.targets)
            yield batch


@dataclass
class KeptBatches:
    """The batches of one pass of another Source, all in memory."""

    inner: Source
    kept: list[Batch]

    @property
    def schema(self) -> Schema:
        """That of the Source inside."""
        return self.inner.schema

    def batches(self, split: str, size: int, seed: int | None = None, **options: Any) -> Iterator[Batch]:
        """The batches that were kept; in file order, where nothing is trained, those of the Source inside."""
        return iter(self.kept) if seed is not None else self.inner.batches(split, size, seed, **options)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 when every row of the passes over all rows came once and the other bars are met."""
    options = _options(arguments)
    if options.part:
        print(json.dumps(PARTS[options.part](options)))
        return 0
    described = machine.description(sorted(os.sched_getaffinity(0)))
    print(f"{described['cpu']}, {len(described['cores'])} cores, commit {described['commit']}, {described['date']}")
    with tempfile.TemporaryDirectory(prefix="qml-stream-") as scratch:
        folder = Path(options.folder or scratch) / f"rows-{options.rows}"
        begun = time.perf_counter()
        manifest = written(folder, options.rows, options.writer)
        total = sum(item.nbytes for item in manifest.parts["train"])
        print(f"{options.rows:,} rows x 30 float32 written by {options.writer}: {total / 1e9:.2f} GB, ", end="")
        print(f"{time.perf_counter() - begun:.0f} s, row groups of {_group(folder):,} rows", flush=True)
        found = _measured(options, folder)
    bars = _bars(found, options)
    kept = {"schema": record.SCHEMA, "machine": described, "rows": options.rows, "bytes": total, **found, "bars": bars}
    if options.json:
        record.write(kept, options.json)
    return 0 if all(bars.values()) else 1


def _measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Every part in a process of its own, told as it ends."""
    found: dict[str, Any] = {"data": {}, "peers": {}, "epoch": {}}
    for workers in options.workers:
        found["data"][workers] = told = _child("data", folder, options, workers=workers)
        print(f"data side alone, workers={workers}: {_line(told)}", flush=True)
    for name in READERS if options.peers else ():
        found["peers"][name] = told = _child("peer", folder, options, peer=name)
        print(f"{name}: {_line(told)}", flush=True)
    for how in ("streamed", "in memory") if options.train_rows else ():
        found["epoch"][how] = told = _child(how.replace(" ", "_"), folder, options, workers=options.workers[0])
        print(f"epoch of a hybrid at 8 qubits, {how}: {_line(told)}", flush=True)
    return found


def _bars(found: dict[str, Any], options: argparse.Namespace) -> dict[str, bool]:
    """Which bars are met, printed."""
    data, epoch = found["data"], found["epoch"]
    best = max(told["rows_per_s"] for told in data.values())
    passes = [told["each_row_once"] for told in [*data.values(), *epoch.values()]]
    summed = [once for once in passes if once is not None]
    bars = {f"each row once, by the sums of {len(summed)} of {len(passes)} passes": all(summed)}
    peak = max(told["peak_mib"] for told in [*data.values(), *([epoch["streamed"]] if epoch else [])])
    bars[f"memory of the tree below {MOST_MIB} MiB"] = peak < MOST_MIB
    ratio = epoch["streamed"]["seconds"] / epoch["in memory"]["seconds"] if epoch else None
    speed = best >= LEAST_ROWS_PER_S or (ratio is not None and ratio <= MOST_RATIO)
    bars[f"epoch within {MOST_RATIO} of memory, or {LEAST_ROWS_PER_S:,} rows/s"] = speed
    said = f"streamed over in memory: {ratio:.3f}; " if ratio is not None else ""
    print(f"{said}data side alone at best {best:,.0f} rows/s; peak of the tree {peak:,.0f} MiB")
    for bar, met in bars.items():
        print(f"  {'met' if met else 'NOT met'}: {bar}")
    return bars


def read_alone(options: argparse.Namespace) -> dict[str, Any]:
    """A pass in shuffled order with nothing done to its batches, then one more that sums the rows."""
    source = _source(options)
    next(source.batches("train", BATCH, SEED))  # files open, processes started
    begun = time.perf_counter()
    rows = sum(len(batch) for batch in source.batches("train", BATCH, SEED, epoch=1))
    seconds = time.perf_counter() - begun
    summed = SummedSource(source)
    for _ in summed.batches("train", BATCH, SEED, epoch=2):
        pass
    return {**_told(rows, seconds), "each_row_once": str(summed.found) == expected_sum(options.folder)}


def read_by_peer(options: argparse.Namespace) -> dict[str, Any]:
    """What another reader gives in some seconds, its start told apart."""
    begun = time.perf_counter()
    batches = READERS[options.peer](options.folder, BATCH)
    first = next(batches)
    start_s, rows, begun = time.perf_counter() - begun, 0, time.perf_counter()
    for _inputs, targets in batches:
        rows += len(targets)
        if time.perf_counter() - begun > PEER_SECONDS:
            break
    return {**_told(rows, time.perf_counter() - begun), "start_s": start_s, "columns": int(first[0].shape[-1])}


def train_streamed(options: argparse.Namespace) -> dict[str, Any]:
    """One epoch over the files."""
    return _trained(SummedSource(_source(options)), options)


def train_in_memory(options: argparse.Namespace) -> dict[str, Any]:
    """One epoch over the very same batches, held in memory."""
    source = _source(options)
    kept = list(source.batches("train", BATCH, derive(SEED, "batches")))
    return _trained(SummedSource(KeptBatches(source, kept)), options)


def _trained(source: SummedSource, options: argparse.Namespace) -> dict[str, Any]:
    from qml.estimators.choices import Training
    from qml.estimators.data_choice import signature_of
    from qml.estimators.fits import step_fit
    from qml.learn.fit import Budget
    from qml.models import CircuitSpec, HybridSpec
    from qml.models.features import Mlp

    spec = HybridSpec(Mlp((32,)), CircuitSpec("sel", 8, 2)).on(signature_of(source))
    training = Training(batch_size=BATCH, learning_rate=0.01, checkpoint_every_s=None)
    fit = step_fit(spec, training, progress=False)
    task = training.task(source.schema.target)
    whole = options.train_rows >= source.schema.sizes["train"]
    fit(spec.build, task, source, Budget(epochs=1, steps=20), SEED)  # compile, fill caches
    begun = time.perf_counter()
    steps = -(-min(options.train_rows, source.schema.sizes["train"]) // BATCH)
    fitted = fit(spec.build, task, source, Budget(epochs=1, steps=None if whole else steps), SEED)
    once = str(source.found) == expected_sum(options.folder) if whole else None  # part of a pass has no sum to compare
    loss = [item.value for item in fitted.records if item.split == "train" and item.metric == "loss"]
    told = _told(fitted.cost.rows, fitted.cost.wall_s)
    scan_s = time.perf_counter() - begun - fitted.cost.wall_s
    return {**told, "each_row_once": once, "loss": loss, "scan_s": scan_s}


PARTS = {"data": read_alone, "peer": read_by_peer, "streamed": train_streamed, "in_memory": train_in_memory}


def _source(options: argparse.Namespace) -> ParquetSource:
    return ParquetSource.open(
        str(options.folder),
        transform=None,
        buffer_rows=options.buffer_rows,
        workers=options.workers[0],
        verify=False,
    )


def _told(rows: int, seconds: float) -> dict[str, Any]:
    return {"rows": rows, "seconds": seconds, "rows_per_s": rows / seconds}


def _line(told: dict[str, Any]) -> str:
    """One measurement for a reader."""
    once = {True: "; each row once", False: "; ROWS ARE WRONG", None: "; rows counted, not summed"}
    said = once[told["each_row_once"]] if "each_row_once" in told else ""
    begin, end = told["steady_mib"]
    return (
        f"{told['rows']:,} rows, {told['seconds']:.1f} s, {told['rows_per_s']:,.0f} rows/s; "
        f"peak {told['peak_mib']:,.0f} MiB (second quarter {begin:,.0f}, last {end:,.0f}){said}"
    )


def _group(folder: Path) -> int:
    import pyarrow.parquet as pq

    return pq.read_metadata(next(iter(sorted(folder.rglob("*.parquet"))))).row_group(0).num_rows


def _child(part: str, folder: Path, options: argparse.Namespace, *, workers: int = 0, peer: str = "") -> dict[str, Any]:
    """A part in a process of its own, weighed meanwhile."""
    command = [sys.executable, "-m", "benchmarks.stream", "--part", part, "--folder", str(folder)]
    command += ["--rows", str(options.rows), "--train-rows", str(options.train_rows), "--peer", peer]
    command += ["--buffer-rows", str(options.buffer_rows), "--workers", str(workers)]
    variables = {**environment(len(os.sched_getaffinity(0))), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=variables)
    with TreeMemory(process.pid) as memory:
        said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{part} {peer} ended with status {process.returncode}; what it wrote stands above.")
    return {**json.loads(said.splitlines()[-1]), "peak_mib": memory.peak_mib, "steady_mib": memory.steady()}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stream",
        description="Rows of 30 incompressible float32 columns in Parquet files, streamed in shuffled order: rows a "
        "second of the data side alone beside PyTorch's DataLoader and Hugging Face datasets over the same files, an "
        "epoch of a hybrid of 8 qubits beside the same batches in memory, the rows of every whole pass compared by a "
        "sum of hashes, and the memory of the whole process tree.",
        epilog="Exit status 0 means that every bar is met. 20 million rows need 2.5 GB of disk, 8 GB in the making.",
    )
    parser.add_argument("--rows", type=int, default=20_000_000, help="to write and read (default: %(default)s)")
    parser.add_argument(
        "--train-rows",
        type=int,
        default=None,
        help="of the epoch; 0 leaves it out; fewer than --rows are counted and not summed (default: --rows)",
    )
    parser.add_argument("--buffer-rows", type=int, default=1 << 18, help="of a window (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2], help="processes (default: 0 2)")
    parser.add_argument("--writer", choices=("etl", "arrow"), default="etl", help="of the files (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=None, help="keeps the files here, and finds them again")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the other readers out")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write what was found")
    parser.add_argument("--part", choices=sorted(PARTS), default=None, help=argparse.SUPPRESS)
    parser.add_argument("--peer", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.train_rows = options.rows if options.train_rows is None else options.train_rows
    return options


if __name__ == "__main__":
    sys.exit(main())
