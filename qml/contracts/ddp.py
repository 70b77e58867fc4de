"""Two processes that train layers together over gloo; run as `python -m qml.contracts.ddp`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qml.base.extras import require as require_extra

require_extra("torch", extra="torch", purpose="Checking a torch layer under DDP")
import torch
from torch import Tensor, nn

from qml.contracts.report import FAILURES, Broken, NotApplicable

WORLD = 2
LIMIT_S = 240


def gradients_together(layers: Mapping[str, tuple[nn.Module, Tensor]]) -> dict[str, Any]:
    """Mean gradients that two ranks agree on, each rank seeing every second row.

    Args:
        layers: name -> layer and inputs `(B, D)`.

    Returns:
        name -> gradients by parameter, or the text of the error.

    Raises:
        Broken: a process failed as a whole or took too long.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, (layer, inputs) in enumerate(layers.values()):
            torch.save((layer, inputs), folder / f"job-{index}")
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)), OMP_NUM_THREADS="1")
        command = [sys.executable, "-m", "qml.contracts.ddp", str(folder)]
        ranks = [
            subprocess.Popen([*command, str(rank)], env=environment, stderr=subprocess.PIPE, text=True)
            for rank in range(WORLD)
        ]
        errors = _waited(ranks)
        if any(rank.returncode for rank in ranks):
            raise Broken(f"a DDP process ended with an error: {' / '.join(errors)[-800:]}")
        found = torch.load(folder / "found", weights_only=False)
    return dict(zip(layers, found, strict=True))


def _waited(ranks: list[subprocess.Popen]) -> list[str]:
    try:
        return [rank.communicate(timeout=LIMIT_S)[1] for rank in ranks]
    except subprocess.TimeoutExpired as error:
        raise Broken(f"the DDP processes did not end within {LIMIT_S} s") from error
    finally:
        for rank in ranks:
            if rank.poll() is None:
                rank.kill()
                rank.communicate()


def picklable(layer: nn.Module) -> None:
    """Raise unless another process can rebuild `layer` from its bytes."""
    if type(layer).__module__ == "__main__":
        raise NotApplicable("the class of the layer is defined in __main__; put it into a module")
    torch.save(layer, io.BytesIO())


def _rank(folder: Path, rank: int) -> None:
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=WORLD)
    found = []
    for index in range(len(list(folder.glob("job-*")))):
        layer, inputs = torch.load(folder / f"job-{index}", weights_only=False)
        try:
            found.append(_one(layer, inputs[rank::WORLD]))
        except FAILURES as error:
            found.append(f"{type(error).__name__}: {error}")
    if rank == 0:
        torch.save(found, folder / "found")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _one(layer: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    together = nn.parallel.DistributedDataParallel(layer)
    (together(inputs) ** 2).sum().backward()
    return {name: p.grad for name, p in layer.named_parameters() if p.grad is not None}


if __name__ == "__main__":
    _rank(Path(sys.argv[1]), int(sys.argv[2]))
