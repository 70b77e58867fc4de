"""A lock whose folder another process takes away is asked for again."""

import os

from qml.data import alone


def test_a_folder_that_is_taken_away_before_the_lock_is_opened(tmp_path, monkeypatch):
    lock, real, opened = tmp_path / "folder" / "a.lock", os.open, []

    def opening(path, *how):
        opened.append(path)
        if len(opened) == 1:
            lock.parent.rmdir()
        return real(path, *how)

    monkeypatch.setattr(alone.os, "open", opening)
    with alone.alone(lock, "a test"):
        assert lock.exists()
    assert len(opened) == 2
