"""One at a time: whoever comes second waits, or is refused; a lock that is taken away is asked for again."""

import errno
import os

import pytest

from qml.base import alone
from qml.base.errors import ConfigError


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


def test_the_second_waits_for_a_while(tmp_path):
    lock = tmp_path / "a.lock"
    with (
        alone.alone(lock, "a test"),
        pytest.raises(ConfigError, match="a test was asked for; another process is at it"),
        alone.alone(lock, "a test", wait_s=0.15),
    ):
        pass
    with alone.alone(lock, "a test", wait_s=0.15):
        assert lock.exists()


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, caplog):
    def refuse(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(alone.fcntl, "flock", refuse)
    with alone.alone(tmp_path / "a.lock", "a test"):
        assert "a test: this file system keeps no locks" in caplog.text
    assert not list(tmp_path.iterdir())
