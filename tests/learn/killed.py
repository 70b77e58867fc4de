"""Trains one run over and over, killing it with SIGKILL at random moments, until it ends; run as a script.

    python -m tests.learn.killed torch FOLDER KILLS SEED

Prints as JSON how often it was killed, how often inside a save, and a digest of weights and records; with KILLS = 0
that of a run that nobody disturbs.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

from qml.learn import Budget, StepFit, Supervised
from tests.learn.conftest import class_source

SAVING_CALLS = ("fsync", "replace")


def trained(framework, folder):
    """The end of the run, as a digest."""
    source = class_source()
    if framework == "torch":
        import torch

        from qml.learn.torch_step import TorchStep
        from tests.learn.models import dropping as model

        torch.set_num_threads(1)
        step = TorchStep(0.02, circuit_learning_rate=0.1, schedule="cosine")
    else:
        from qml.learn.jax_step import JaxStep
        from tests.learn.jax_model import SmallJax

        model, step = SmallJax(), JaxStep(0.02, circuit_learning_rate=0.1, schedule="cosine")
    fit = StepFit(step, batch_size=8, checkpoint_every_steps=2, progress=False)
    task = Supervised(source.schema.target, class_weights="balanced", label_smoothing=0.1)
    return digest_of(fit(model, task, source, Budget(epochs=10, patience=10), 3, folder))


def digest_of(out):
    """Weights and records of a fit, as a digest."""
    records = [(r.metric, r.value.hex(), r.split, r.step, r.epoch) for r in out.records]
    arrays = out.predict.step.snapshot(out.predict.state).arrays
    weights = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in sorted(arrays.items())}
    return hashlib.sha256(json.dumps([records, weights, dict(out.info)]).encode()).hexdigest()


def die_in_save(call, count):
    """Arrange a SIGKILL just before the `count`-th flush or rename of this process."""
    real = getattr(os, call)

    def dying(*args, **kwargs):
        nonlocal count
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(os, call, dying)


def preload(framework):
    """Load what a run needs once, not in each child."""
    if framework == "torch":
        import qml.learn.torch_step
    else:
        import qml.learn.jax_step
    import qml.learn.metrics
    import qml.learn.saver  # noqa: F401


def killed_until_done(train, folder, kills, seed):
    """Train in a child that is killed `kills` times, every second time inside a save, then left to end.

    Args:
        train: takes the folder of the run, which it resumes; gives the digest of its end.
        folder: of the run and of what is found.
        kills: at random moments; 0 disturbs nobody.
        seed: of the moments.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if kills == 0:
        return {"digest": train(folder / "run")}
    draws = random.Random(seed)
    killed = saving = 0
    while True:
        in_save = killed < kills and killed % 2 == 0
        call, count = (draws.choice(SAVING_CALLS), draws.randint(2, 30)) if in_save else (None, 0)
        child = attempt(train, folder, call, count)
        if not in_save and killed < kills:
            wait_for_progress(folder / "run" / "checkpoint.json", child, draws.uniform(0.0, 0.03))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            if status:
                raise SystemExit(f"a child failed with status {status}")
            return {"digest": (folder / "digest").read_text(), "killed": killed, "saving": saving}
        killed += 1
        saving += left_behind(folder / "run")


def attempt(train, folder, call, count):
    """One child that trains; returns its process id."""
    child = os.fork()
    if child == 0:
        if call:
            die_in_save(call, count)
        (folder / "digest").write_text(train(folder / "run"))
        os._exit(0)
    return child


def wait_for_progress(manifest, child, seconds):
    """Kill the child some time after it has saved at least once more."""
    before = manifest.stat().st_mtime_ns if manifest.exists() else 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not manifest.exists() or manifest.stat().st_mtime_ns == before):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.002)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)


def left_behind(run):
    """Whether a kill came inside a save: a temporary file, or arrays that the manifest does not name."""
    names = {path.name for path in run.iterdir()}
    manifest = run / "checkpoint.json"
    named = {json.loads(manifest.read_text())["arrays"]} if manifest.exists() else set()
    return bool(names - named - {"checkpoint.json"})


if __name__ == "__main__":
    framework, folder, kills, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    preload(framework)
    print(json.dumps(killed_until_done(partial(trained, framework), folder, kills, seed)))
