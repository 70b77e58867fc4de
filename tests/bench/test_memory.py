"""Peak memory of a stretch of work, told from what ran before in the process."""

import numpy as np
import pytest

from qml.bench import memory
from qml.bench.memory import PeakMemory

MIB = 2**20


def held(size):
    measured = PeakMemory()
    block = np.ones(size * MIB // 8)
    found = measured.stop()
    del block
    return found


@pytest.mark.skipif(not memory.RESET.exists(), reason="needs Linux: the kernel's high-water mark is read")
def test_a_small_stretch_after_a_large_one_is_small():
    before, large, small = held(1), held(200), held(20)
    assert 190 * MIB < large.grown_bytes < 260 * MIB
    assert small.grown_bytes < 60 * MIB
    assert small.peak_bytes < large.peak_bytes - 100 * MIB
    assert abs(small.peak_bytes - before.peak_bytes) < 60 * MIB


def test_where_the_kernel_does_not_tell_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "RESET", tmp_path / "none" / "clear_refs")
    assert PeakMemory().stop() is None
    status = tmp_path / "status"
    status.write_text("Name: x\n")
    monkeypatch.setattr(memory, "RESET", tmp_path / "clear_refs")
    monkeypatch.setattr(memory, "STATUS", status)
    assert PeakMemory().stop() is None
