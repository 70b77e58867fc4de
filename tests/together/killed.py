"""Two processes train one model, over and over killed with SIGKILL at random moments, until they end; run as a script.

    python -m tests.together.killed SOURCE FOLDER KILLS SEED

Kills are in turn of both processes amid a save of the first one, of both at any moment, and of one alone, after which
the other must end by itself. Prints as JSON how often each was done, how often a kill came inside a save, and a digest
of weights and records; with KILLS = 0 that of a run that nobody disturbs.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from qml.base.errors import LostRankError
from qml.learn import Budget, StepFit, Supervised
from qml.learn.torch_step import TorchStep
from tests.learn.killed import SAVING_CALLS, die_in_save, left_behind
from tests.learn.models import dropping
from tests.together.forked import ends, fork_ranks
from tests.together.losses import source_of, stream_of

WORLD, LOST = 2, 7
SOURCES = {  # name -> source of a folder
    "arrays": lambda folder: source_of(),
    "stream": stream_of,
    "workers": lambda folder: stream_of(folder, workers=2),
}
KINDS = ("save", "both", "one")


def trained(source, folder):
    """The end of the run as a digest, the same at every process."""
    source = SOURCES[source](folder.parent / "rows")
    fit = StepFit(
        TorchStep(0.02, circuit_learning_rate=0.1, schedule="cosine", devices=WORLD),
        batch_size=8,
        checkpoint_every_steps=2,
        progress=False,
    )
    task = Supervised(source.schema.target, class_weights="balanced", label_smoothing=0.1)
    out = fit(dropping, task, source, Budget(epochs=12, patience=12), 3, folder)
    records = [(r.metric, r.value.hex(), r.split, r.step, r.epoch) for r in out.records]
    arrays = out.predict.step.snapshot(out.predict.state).arrays
    weights = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in sorted(arrays.items())}
    return hashlib.sha256(json.dumps([records, weights, dict(out.info)]).encode()).hexdigest()


def attempt(source, folder, call=None, count=0):
    """What each of the two processes does; the first one may be told to die before its `count`-th `call`."""

    def work(rank):
        if rank == 0 and call:
            die_in_save(call, count)
        try:
            digest = trained(source, folder / "run")
        except LostRankError:
            os._exit(LOST)
        (folder / f"digest{rank}").write_text(digest)

    return fork_ranks(WORLD, work)


def kill(source, folder, kind, draws):
    """One attempt that is killed; whether it was, and not already at its end."""
    manifest = folder / "run" / "checkpoint.json"
    before = manifest.stat().st_mtime_ns if manifest.exists() else 0
    call, count = (draws.choice(SAVING_CALLS), draws.randint(2, 30)) if kind == "save" else (None, 0)
    with attempt(source, folder, call, count) as children:
        if kind != "save":
            wait_for_progress(manifest, before, children)
            time.sleep(draws.uniform(0.0, 0.05))
            chosen = children if kind == "both" else [draws.choice(children)]
            for child in chosen:
                os.kill(child, signal.SIGKILL)
        found = ends(children)
    if kind == "both":
        assert set(found) <= {-signal.SIGKILL, 0}, found
    else:  # the one that is left notices by itself, also where the first one died in a save
        assert set(found) <= {-signal.SIGKILL, LOST, 0}, found
    return -signal.SIGKILL in found


def wait_for_progress(manifest, before, children):
    """Return when one more checkpoint has been saved, or a process has ended."""
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and (not manifest.exists() or manifest.stat().st_mtime_ns == before):
        if any(os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) for child in children):
            return
        time.sleep(0.002)


def main(source, folder, kills, seed):
    folder.mkdir(parents=True, exist_ok=True)
    SOURCES[source](folder / "rows")  # written before two processes look for it
    draws, done, saving = random.Random(seed), Counter(), 0
    while sum(done.values()) < kills:
        kind = KINDS[sum(done.values()) % len(KINDS)]
        if not kill(source, folder, kind, draws):
            raise SystemExit(f"the run ended after {dict(done)}, before it was killed {kills} times")
        done[kind] += 1
        saving += left_behind(folder / "run")
    with attempt(source, folder) as children:
        assert ends(children) == [0] * WORLD
    digests = {(folder / f"digest{rank}").read_text() for rank in range(WORLD)}
    assert len(digests) == 1, "the two processes ended with different weights"
    return {"digest": digests.pop(), "killed": dict(done), "saving": saving}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", choices=SOURCES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("kills", type=int)
    parser.add_argument("seed", type=int)
    print(json.dumps(main(**vars(parser.parse_args()))))
