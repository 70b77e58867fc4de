"""Commands that train with several processes, and what becomes of their processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("data=wine", "model.circuit.n_qubits=3", "tensorboard=false", "training.checkpoint_every_s=0.2")
LIMIT_S = 200


class Command:
    """`experiments.train` with some words, in a folder of its own.

    Args:
        folder: of runs, logs and what Hydra writes.
        words: beside `WORDS`.
        launcher: words between `python -m` and the entry; none lets the job start its processes itself.
    """

    def __init__(self, folder, words, launcher=()):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.launcher = list(launcher)
        self.words = [*WORDS, *words, f"folder={folder}/runs", f"hydra.run.dir={folder}/hydra"]
        self.child = None

    def start(self):
        """Start it in a process group of its own."""
        command = [sys.executable, "-m", *self.launcher, *(["-m"] if self.launcher else []), "experiments.train"]
        with open(self.folder / "out", "w") as out, open(self.folder / "err", "w") as err:
            self.child = subprocess.Popen(
                [*command, *self.words], cwd=ROOT, env=plain(), stdout=out, stderr=err, start_new_session=True
            )
        return self

    def end(self):
        """The status with which it ends; one that hangs goes with its group."""
        try:
            return self.child.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            raise

    def run(self):
        """Run to the end, which must be a good one."""
        assert self.start().end() == 0, self.said()
        return self

    def until_saved(self):
        """Return when a checkpoint has been written since now."""
        before = {path: path.stat().st_mtime_ns for path in self.manifests()}
        deadline = time.monotonic() + LIMIT_S
        while {path: path.stat().st_mtime_ns for path in self.manifests()} == before:
            assert self.child.poll() is None, self.said()
            assert time.monotonic() < deadline, "nothing was saved"
            time.sleep(0.02)
        return self

    def ranks(self):
        """The processes that train: those that know a place among others."""
        found = [process for process in psutil.Process(self.child.pid).children(recursive=True)]
        return sorted((p for p in found if "RANK" in p.environ()), key=lambda p: int(p.environ()["RANK"]))

    def manifests(self):
        return list((self.folder / "runs").glob("*/checkpoint.json"))

    def model(self):
        """Bytes of the trained model."""
        (path,) = (self.folder / "runs").glob("*/model.safetensors")
        return path.read_bytes()

    def said(self):
        """What it wrote on standard error."""
        return (self.folder / "err").read_text()[-4000:]


def plain():
    """An environment in which nobody trains together, with one thread a process."""
    mine = {key: value for key, value in os.environ.items() if key not in ("RANK", "WORLD_SIZE")}
    return {**mine, "OMP_NUM_THREADS": "1"}


def free_port():
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def torchrun(processes=2, nodes=1, node=0, port=None):
    """The words of torchrun, as a module."""
    where = [f"--nnodes={nodes}", f"--node_rank={node}", f"--master_port={port or free_port()}"]
    return ("torch.distributed.run", *where, "--master_addr=127.0.0.1", f"--nproc_per_node={processes}")


def gone(processes, seconds=10.0):
    """Whether all of them end within some seconds."""
    return not psutil.wait_procs(processes, timeout=seconds)[1]
