"""Trouble of the machine is told in one paragraph, with what is kept and what to do."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.entry import machine_trouble

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EROFS, "Make it writable"),
        (errno.EMFILE, "ulimit"),
        (errno.EIO, "See to that"),
    ],
)
def test_what_was_done_what_was_said_what_to_do(number, remedy):
    text = str(machine_trouble("benchmark", OSError(number, os.strerror(number), "/data/cell.json")))
    assert text.startswith("experiments.benchmark was at work with /data/cell.json")
    assert os.strerror(number) in text
    assert "What is finished is kept" in text
    assert remedy in text
    assert text.endswith("then start the same command again.")


def test_where_nothing_half_made_is_left_nothing_else_is_said():
    text = str(machine_trouble("etl", OSError(errno.ENOSPC, "No space left on device", "/prepared"), keeps=False))
    assert "with /prepared; the system said: No space left on device. Nothing half-made is left. Free some" in text


def ended(tmp_path, main, read=True, more=""):
    """Status and words of an entry in a process of its own; with `read=False` nobody reads what it prints."""
    words = ["benchmark", f"hydra.run.dir={tmp_path}"]
    script = f"import sys\nsys.argv = {words!r}\nfrom experiments import entry\nentry.run('benchmark', {main}, {more})"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if not read:
            process.stdout.close()
        said = process.stderr.read()
        return process.wait(), said.removeprefix("Error executing job with overrides: []\n")  # Hydra's own line


def test_a_full_disk_ends_with_one_paragraph(tmp_path):
    status, said = ended(tmp_path, "lambda config: open('/dev/full', 'w').write('x' * 100_000)")
    assert status == 1
    assert said.startswith("MachineError: experiments.benchmark was at work")
    assert "No space left on device" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "What is finished is kept; the same command continues."),
        ("keeps=False", "Nothing half-made is left; the same command starts anew."),
    ],
)
def test_an_interrupt_says_what_is_left(tmp_path, more, said):
    status, text = ended(tmp_path, "lambda config: (_ for _ in ()).throw(KeyboardInterrupt)", more=more)
    assert (status, text) == (130, f"\nInterrupted. {said}\n")


def test_a_package_that_tells_of_itself_is_not_heard(tmp_path):
    heard = "[__import__('logging').getLogger(name).isEnabledFor(20) for name in ('qml', 'datasets')]"
    assert ended(tmp_path, f"lambda config: sys.exit({heard} != [True, False])") == (0, "")


def test_a_closed_pipe_is_no_complaint(tmp_path):
    assert ended(tmp_path, "lambda config: print('x' * 100_000, flush=True)", read=False) == (1, "")
