"""A plugin of `experiments.benchmark` that kills its whole process group with SIGKILL amid a chosen kind of work.

A job that lists `plugins=[tests.experiments.killed]` saves a checkpoint every few updates and, where `Kill.environ`
was added to its environment, dies with all processes of its group: at some moment of a training step, or just before
one of the flushes and renames of a save. The kind of the moment is read off the stack there and then.
"""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PLACES = {  # kind of moment -> the function that is under way, by the end of its file's name
    "step": ("qml/learn/torch_step.py", "update"),
    "checkpoint": ("qml/learn/checkpoint.py", "save_checkpoint"),
    "trial": ("qml/bench/trial.py", "run"),
    "cell": ("qml/bench/store.py", "finish"),
    "report": ("qml/bench/report/render.py", "render"),
}
WARM_UP = "qml/estimators/warmup.py"
SAVING_CALLS = ("fsync", "replace", "rename")
PREFIX = "QML_TEST_KILL_"
POLL_SECONDS = 0.0005


@dataclass(frozen=True)
class Kill:
    """When to die.

    Args:
        kind: of moment, an entry of `PLACES`.
        count: for a save, before which of its flushes and renames, from 1.
        delay: for a step, seconds after the first one.
        note: file that will hold the kind.
    """

    kind: str
    note: Path
    count: int = 1
    delay: float = 0.0

    def environ(self):
        """What a child process must find in its environment; the caller's own process group is spared."""
        facts = {"KIND": self.kind, "NOTE": self.note, "COUNT": self.count, "DELAY": self.delay}
        return {PREFIX + name: str(value) for name, value in {**facts, "SPARED": os.getpgrp()}.items()}

    def arrange(self):
        """Have this process die so."""
        if self.kind == "step":
            threading.Thread(target=self._die_in_step, args=(threading.main_thread().ident,), daemon=True).start()
            return
        left = [self.count]
        for call in SAVING_CALLS:
            setattr(os, call, partial(self._before, getattr(os, call), left))

    def _before(self, real, left, *args, **kwargs):
        """A flush or a rename, or death in its place."""
        if kind_of(sys._getframe(1)) == self.kind:
            left[0] -= 1
            if left[0] == 0 and self._noted():
                os.killpg(os.getpgrp(), signal.SIGKILL)
        return real(*args, **kwargs)

    def _die_in_step(self, main):
        """Watch the main thread from another one; after its last look it cannot run on before the signal."""
        self._await_step(main)
        time.sleep(self.delay)
        self._await_step(main)
        if self._noted():
            self._await_step(main)
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def _await_step(self, main):
        """Return when the main thread is inside a step."""
        while kind_of(sys._current_frames()[main]) != "step":
            time.sleep(POLL_SECONDS)

    def _noted(self):
        """Write the kind; False when another process of the group was first."""
        try:
            with open(self.note, "x") as file:
                file.write(self.kind)
        except FileExistsError:
            return False
        return True


def kind_of(frame):
    """Which kind of moment a stack is in, the innermost first; None for none, and for the steps of a warm-up."""
    outer = frame
    while outer is not None:
        if outer.f_code.co_filename.endswith(WARM_UP):
            return None
        outer = outer.f_back
    while frame is not None:
        for kind, (file, function) in PLACES.items():
            if frame.f_code.co_name == function and frame.f_code.co_filename.endswith(file):
                return kind
        frame = frame.f_back
    return None


def checkpoint_often(every_steps):
    """Save a checkpoint so often in every fit of this process."""
    from qml.learn import step_fit

    step_fit.StepFit = partial(step_fit.StepFit, checkpoint_every_steps=every_steps)


def arrange_from(environ):
    """Do what `Kill.environ` asks for, unless this process belongs to the group of the one that asked."""
    found = {name: environ[PREFIX + name] for name in ("KIND", "NOTE", "COUNT", "DELAY", "SPARED")}
    if int(found["SPARED"]) != os.getpgrp():
        Kill(found["KIND"], Path(found["NOTE"]), int(found["COUNT"]), float(found["DELAY"])).arrange()


if PREFIX + "EVERY" in os.environ:
    checkpoint_often(int(os.environ[PREFIX + "EVERY"]))
if PREFIX + "KIND" in os.environ:
    arrange_from(os.environ)
