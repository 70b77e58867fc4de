"""Processes that read windows: the same batches to the bit, no process and no shared memory left behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.contracts import check_source
from qml.data import ParquetSource

pytest.importorskip("torch")


def same(left, right):
    for a, b in zip(left, right, strict=True):
        assert np.array_equal(a.inputs, b.inputs)
        assert np.array_equal(a.targets, b.targets)
        assert np.array_equal(a.rows, b.rows)


def test_batches_are_the_same_for_any_number_of_workers(prepared):
    alone = ParquetSource.open(str(prepared), buffer_rows=100)
    for workers in (1, 2):
        shared = ParquetSource.open(str(prepared), buffer_rows=100, workers=workers)
        for options in ({"seed": 3}, {"seed": 3, "epoch": 1, "start": 6}, {"seed": None}, {"seed": 3, "shard": (1, 2)}):
            same(alone.batches("train", 24, **options), shared.batches("train", 24, **options))
        assert len(shared._pool.idle) == 1, "processes were started anew for a pass"


def test_promises_of_a_source_with_workers(prepared):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=128, workers=1)
    check_source(source, size=20).raise_if_failed()


def test_a_damaged_file_is_named_by_a_worker(prepared):
    source = ParquetSource.open(str(prepared), buffer_rows=100, workers=1)
    path = prepared / "train" / "part-1.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"part-1\.parquet is not a sound Parquet file"):
        list(source.batches("train", 50))


def mapped(pid):
    """Files in shared memory that a process has mapped."""
    with open(f"/proc/{pid}/maps") as file:
        lines = [line.split(maxsplit=5) for line in file]
    return [line[5].strip().removesuffix(" (deleted)") for line in lines if len(line) > 5 and "/dev/shm/" in line[5]]


SCRIPT = """
import sys, time
from qml.data import ParquetSource
if __name__ == "__main__":
    source = ParquetSource.open(sys.argv[1], buffer_rows=100, workers=2)
    batches = source.batches("train", 8, seed=0)
    next(batches)
    print("ready", flush=True)
    time.sleep(60)
"""


def descendants(pid):
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def alive(pid):
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="looks for shared memory where Linux keeps it")
def test_a_killed_parent_leaves_neither_processes_nor_shared_memory(prepared, tmp_path):
    pytest.importorskip("psutil")
    script = tmp_path / "reads.py"
    script.write_text(SCRIPT)
    child = subprocess.Popen(
        [sys.executable, str(script), str(prepared)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert child.stdout.readline() == "ready\n"
    family = descendants(child.pid)
    assert len(family) >= 3  # two workers and the server that forked them
    shared = {path for pid in (child.pid, *family) for path in mapped(pid)}
    assert shared  # at least the semaphores of the queues
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if alive(pid)]
    assert not {path for path in shared if os.path.exists(path)}
