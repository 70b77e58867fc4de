"""Processes that train one torch model: how they meet, sum what an update says, and notice that one has gone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, LostRankError
from qml.base.extras import require
from qml.base.ranks import Ranks, ranks

require("torch", extra="torch", purpose="qml.learn.torch_ranks")
require("lightning_fabric", extra="train", purpose="qml.learn.torch_ranks")
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from torch import Tensor, nn
from torch import distributed as dist

logger = logging.getLogger(__name__)

LOCALHOST = "127.0.0.1"
REASONS = ("interrupted", "cpu_s")  # what one process alone may meet, the one that counts more first
OF_A_CONNECTION = ("gloo", "nccl", "connection", "socket", "tcpstore", "timed out", "process group")


def meeting_fabric(accelerator: str, devices: int, precision: Any) -> Fabric:
    """Fabric of one process, or of all processes that were started together, which have met when it returns.

    Args:
        accelerator: as Fabric names them.
        devices: processes in all.
        precision: as Fabric names them.

    Raises:
        ConfigError: another number of processes was started, or there are fewer GPUs than processes.
        LostRankError: a process went while they met.
    """
    here = ranks()
    if devices == 1:
        _check_gpus(accelerator, Ranks())
        fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
        fabric.launch()
        return fabric
    check_started(devices, here)
    _check_gpus(accelerator, here)
    with reaching_others(), _quiet_fabric():
        fabric = Fabric(
            accelerator=accelerator,
            devices=here.local_world,
            num_nodes=here.nodes,
            precision=precision,
            strategy="ddp",
            plugins=[TorchElasticEnvironment()],
        )
        fabric.launch()
    if here.is_first:
        logger.info("%d processes train one model together over %s", here.world, dist.get_backend())
    return fabric


@contextmanager
def _quiet_fabric() -> Iterator[None]:
    """While it lasts Fabric keeps what it does to itself, which it would say at every process."""
    its = logging.getLogger("lightning_fabric")
    level = its.level
    its.setLevel(logging.WARNING)
    try:
        yield
    finally:
        its.setLevel(level)


def check_started(devices: int, here: Ranks) -> None:
    """Raise `ConfigError` unless `devices` processes were started together, as many on each machine."""
    how = f"torchrun --nproc_per_node {devices} (or --nnodes, over several machines)"
    if here.world == 1:
        raise ConfigError(
            f"devices={devices} was asked for, and this process is alone. Start it by {how}; "
            "TrainJob and experiments.train start the processes themselves."
        )
    if here.world != devices:
        raise ConfigError(
            f"devices={devices} was asked for; {here.world} processes were started together. Say devices={here.world}, "
            f"or start {devices} of them by {how}."
        )
    if here.local_world * here.nodes != here.world:
        raise ConfigError(
            f"{here.world} processes were started, {here.local_world} of them on this machine. Start as many on each."
        )


def _check_gpus(accelerator: str, here: Ranks) -> None:
    """Raise `ConfigError` where processes of this machine would have to share a GPU."""
    if accelerator == "cuda" and torch.cuda.device_count() < here.local_world:
        raise ConfigError(
            f"accelerator=cuda was asked for by {here.local_world} process(es) of this machine, one GPU each; "
            f"torch sees {torch.cuda.device_count()}. Start fewer processes here, or say accelerator=cpu."
        )


@contextmanager
def meeting_point() -> Iterator[dict[str, str]]:
    """While it lasts, a place of this process where processes of this machine meet; gives what they must be told.

    It is at a port that the system chose and this process holds, so that no two runs can want the same one.
    """
    store = dist.TCPStore(LOCALHOST, 0, is_master=True, wait_for_workers=False)  # pyright: ignore
    yield {
        "MASTER_ADDR": LOCALHOST,
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the place is there already: the first process need not open it
        "TORCHELASTIC_RESTART_COUNT": "0",
    }
    del store


class UpdateOverRanks:
    """What an update says, summed over processes while its gradients are computed: one exchange beside theirs.

    A process differentiates the sum of its rows' losses, not the mean, so that the number of all rows, and whether a
    process wants to stop, need not be known before.

    Args:
        losses: mean loss of the rows of this process, by player.
        logged: further numbers of this process.
        rows: rows of this process; may be 0.
        reason: why this process wants to stop, one of `REASONS`; or None.
        device: where the sums are formed.
    """

    def __init__(
        self,
        losses: Mapping[str, Tensor],
        logged: Mapping[str, Any],
        rows: int,
        reason: str | None,
        device: torch.device,
    ):
        self._losses, self._logged = list(losses), list(logged)
        self.sums = {name: loss * rows for name, loss in losses.items()}
        said = [
            torch.as_tensor(value, device=device).detach().double() * rows
            for value in (*losses.values(), *logged.values())
        ]
        flags = [float(reason == known) for known in REASONS]
        self._numbers = torch.cat([torch.stack(said), torch.tensor([rows, *flags], dtype=torch.float64, device=device)])
        self.heard: str | None = None
        self._work: Any = dist.all_reduce(self._numbers, async_op=True)

    def meet(self, parameters: list[Tensor], world: int) -> tuple[dict[str, Tensor], dict[str, Tensor], int]:
        """Wait for all, and bring the gradients, which are means over processes of sums, to means over rows.

        Returns:
            Losses and further numbers as means over all rows, each a scalar, and the number of these rows.
        """
        self._work.wait()
        numbers, flags = self._numbers[: -len(REASONS)], self._numbers[-len(REASONS) :].tolist()
        rows = int(numbers[-1])
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(world / rows)
        means = iter(numbers[:-1] / rows)
        self.heard = next((reason for reason, count in zip(REASONS, flags, strict=True) if count), None)
        return {name: next(means) for name in self._losses}, {name: next(means) for name in self._logged}, rows


def any_raised(flag: bool, device: torch.device) -> bool:
    """Whether any process has raised its flag; none returns before all have come here."""
    raised = torch.tensor(float(flag), device=device)
    dist.all_reduce(raised)
    return bool(raised.item() > 0)


def align(module: nn.Module) -> None:
    """Give every process the buffers that the first one has, as DDP does before each update."""
    for buffer in module.buffers():
        dist.broadcast(buffer, src=0)


def gathered(array: np.ndarray, device: torch.device) -> np.ndarray:
    """Rows `(N, ...)` of all processes in the order of the ranks; each brings `(B, ...)`, with a B of its own."""
    world = dist.get_world_size()
    counts = [torch.zeros(1, dtype=torch.int64, device=device) for _ in range(world)]
    dist.all_gather(counts, torch.tensor([len(array)], device=device))
    sizes = [int(count) for count in counts]
    padded = np.zeros((max(sizes), *array.shape[1:]), array.dtype)
    padded[: len(array)] = array
    own = torch.from_numpy(padded).to(device)
    parts = [torch.empty_like(own) for _ in range(world)]
    dist.all_gather(parts, own)
    return np.concatenate([part[:size].cpu().numpy() for part, size in zip(parts, sizes, strict=True)])


def of_the_first(value: Any, device: torch.device) -> Any:
    """`value` of the first process, at every process: plain data or arrays."""
    carried = [value]
    dist.broadcast_object_list(carried, src=0, device=device)
    return carried[0]


@contextmanager
def reaching_others() -> Iterator[None]:
    """Within, a connection that breaks off is told as a process that has gone.

    Raises:
        LostRankError: it has.
    """
    try:
        yield
    except (dist.DistError, RuntimeError, ConnectionError) as error:
        if isinstance(error, LostRankError) or not _of_a_connection(error):
            raise
        here = ranks()
        raise LostRankError(
            f"{here.world} processes train one model together; process {here.rank + 1} of them has lost another one, "
            "which says why above if it could (a lack of memory and kill -9 leave no word). Start the same command "
            "again: the run continues from its last checkpoint."
        ) from error


def _of_a_connection(error: BaseException) -> bool:
    """Whether an error is of the connection between processes, and not of the model."""
    text = str(error).lower()
    return isinstance(error, (dist.DistError, ConnectionError)) or any(word in text for word in OF_A_CONNECTION)
