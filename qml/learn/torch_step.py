"""Training with torch: one optimiser a player, its own learning rate for circuit weights, Fabric for the rest."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qml.base.errors import CapabilityError, ConfigError
from qml.base.extras import require
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.base.threads import fair_share, kept_threads
from qml.data.source import Batch
from qml.learn import torch_ops
from qml.learn.options import (
    Optimiser,
    Schedule,
    check_options,
    counted,
    decay_of,
    needs_horizon,
    rate_of,
    share_of_rate,
)
from qml.learn.step import Snapshot
from qml.learn.task import Task
from qml.learn.torch_parts import built_module, parts_of
from qml.learn.torch_ranks import (
    UpdateOverRanks,
    align,
    any_raised,
    gathered,
    meeting_fabric,
    of_the_first,
    reaching_others,
)
from qml.learn.torch_state import TorchState, drawing, restore_into, snapshot_of, to_tensor

require("torch", extra="torch", purpose="qml.learn.torch_step")
require("lightning_fabric", extra="train", purpose="qml.learn.torch_step")
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
WORTH_A_THREAD = 1_000_000  # rows of a batch x (inputs + trained numbers): with less work, threads only wait
PRECISIONS = {"32-true": torch.float32, "64-true": torch.float64, "bf16-mixed": torch.float32}


@dataclass(frozen=True)
class TorchStep:
    """Updates of a torch model; a `Step`.

    A model is an `nn.Module` (trained as a copy) or `build(seed) -> nn.Module`. A parameter belongs to the part
    that the innermost enclosing module names in its attribute `part`, "classical" by default. Parameters with
    `requires_grad=False` are neither trained nor counted.

    On one CPU process the model, the backward pass and the optimiser are called directly; Fabric only places them.
    Several processes (DDP) take the parts of each batch and do what one does with the whole, up to the rounding of
    sums: losses are means over all rows, wherever they lie, and a process may have none of a last batch. That holds for
    tasks whose loss is a mean over rows, and models without batch statistics and draws during training.
    Draws during an update (dropout) are a function of the seed and the number of the update, so nothing of them
    needs saving, and the process-wide generators are left as they were.

    Args:
        learning_rate: of every part but those of a circuit.
        circuit_learning_rate: of the part "quantum", and of "twin", which stands in its place; None takes
            `learning_rate`.
        weight_decay: added to the gradient as L2 ("adam", "sgd") or decoupled ("adamw"); none on the part "quantum",
            whose angles mean the same at any size.
        optimiser: "adam", "adamw" or "sgd" (plain, without momentum).
        gradient_clip: greatest norm of the whole gradient; None does not clip.
        precision: "32-true", "64-true" or "bf16-mixed".
        accelerator: "cpu", "cuda", "auto": as Fabric names them.
        devices: processes that train one model together, on all machines. They must have been started together, by
            torchrun or by `TrainJob`; a checkpoint may be continued by another number of them.
        schedule: None or "constant"; "cosine" down to zero over the run; "onecycle" up and down.
        horizon: updates of that run; StepFit fills it from the budget.

    Raises:
        ConfigError: an option that is not known or out of range.
    """

    learning_rate: float = 1e-3
    circuit_learning_rate: float | None = None
    weight_decay: float = 0.0
    optimiser: Optimiser = "adam"
    gradient_clip: float | None = None
    precision: Literal["32-true", "64-true", "bf16-mixed"] = "32-true"
    accelerator: str = "cpu"
    devices: int = field(default=1, compare=False)
    schedule: Schedule | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        check_options(self)
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, list(PRECISIONS))

    def scheduled(self, total_updates: int | None) -> TorchStep:
        """The same step with its schedule stretched over `total_updates`."""
        if not needs_horizon(self, total_updates):
            return self
        return dataclasses.replace(self, horizon=total_updates)

    def init(self, model: Any, task: Task, seed: int) -> TorchState:
        """A fresh state: the model built from `seed`, optimisers at zero.

        Raises:
            ConfigError: see `built_module`; or the model has nothing to train.
            ConfigError: another number of processes than `devices` was started.
            CapabilityError: the task does not keep to torch, or asks of DDP what it does not do.
        """
        if "torch" not in task.frameworks:
            raise CapabilityError(f"TorchStep runs torch; this task keeps to {', '.join(sorted(task.frameworks))}.")
        fabric = meeting_fabric(self.accelerator, self.devices, self.precision)
        if self._needs_fabric(fabric) and len(task.players) > 1:
            raise CapabilityError(
                f"Players {', '.join(task.players)} train in one process and one precision; got "
                f'{fabric.world_size} processes and {self.precision!r}. Use devices=1, precision="32-true".'
            )
        with drawing(derive(seed, "weights"), fabric.device):
            module = built_module(model, seed)
        wrapped = fabric.setup_module(module)
        names = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
        part_of = parts_of(module)
        parts: dict[str, list[Tensor]] = {}
        for name, parameter in names.items():
            parts.setdefault(part_of[name], []).append(parameter)
        if not parts:
            raise ConfigError("The model has no parameter that requires a gradient, so there is nothing to train.")
        return TorchState(
            module=module,
            forward=self._forward(wrapped, module, fabric),
            optimisers={player: self._optimiser(module, player, task, names, part_of) for player in task.players},
            parts=parts,
            names=names,
            task=task,
            fabric=fabric,
            dtype=PRECISIONS[self.precision],
            seed=seed,
        )

    def update(self, state: TorchState, batch: Batch) -> tuple[TorchState, dict[str, float]]:
        """One update.

        Returns:
            The state and what the update says: "loss" ("loss/<player>" for several), "gradient_norm/<part>" before
            clipping, "learning_rate", and what the task logs. Where a number is not finite the weights are left as
            they were.
        """
        state.set_training(True)
        rank, world = self.shard(state)
        share = share_of_rate(self.schedule, state.updates, self.horizon)
        with drawing(derive(state.seed, "draws", state.updates, rank), state.fabric.device):
            key = derive(state.seed, "task", state.updates)
            if world == 1:
                losses, logged = state.task.losses(torch_ops, state.forward, _moved(batch, state), key)
                self._differentiate(state, losses)
                rows = None
            else:
                with reaching_others():
                    losses, logged, rows = self._together(state, batch, key)
        info = _told(state, losses, logged)
        info["learning_rate"] = self.learning_rate * share
        if rows is not None:
            info["rows"] = float(rows)
        if all(map(math.isfinite, info.values())):
            self._apply(state, info, share)
            state.updates += 1
        return state, info

    def predict(self, state: TorchState, batch: Batch) -> np.ndarray:
        """Raw outputs `(B, C)` or `(B, 1)` in evaluation mode, in the model's dtype."""
        state.set_training(False)
        mixed = state.fabric.autocast() if self.precision == "bf16-mixed" else nullcontext()
        with torch.no_grad(), mixed, drawing(derive(state.seed, "predict"), state.fabric.device):
            outputs = state.module(to_tensor(batch.inputs, state.fabric.device, state.dtype))
        return outputs.to(state.dtype).cpu().numpy()

    def snapshot(self, state: TorchState) -> Snapshot:
        """Copies of weights, buffers, optimiser and counters."""
        return snapshot_of(state)

    def restore(self, state: TorchState, snapshot: Snapshot) -> TorchState:
        """Bring `state` to where `snapshot` was taken.

        Raises:
            CheckpointError: the snapshot is of another model.
        """
        return restore_into(state, snapshot)

    def parameters(self, state: TorchState) -> dict[str, int]:
        """Trained numbers, "quantum" and "classical"."""
        return counted({part: sum(parameter.numel() for parameter in group) for part, group in state.parts.items()})

    @contextmanager
    def threads(self, state: TorchState, rows: int, inputs: int) -> Iterator[None]:
        """While open, one torch thread if batches of `rows` rows of `inputs` numbers are too little work for more.

        Waking a second thread for a few microseconds of work gains nothing on an idle machine, and costs ten times
        the work on one whose cores are busy, because threads that wait for each other spin.
        """
        before = torch.get_num_threads()
        with kept_threads():  # a circuit in the model decides by its own work
            little = rows * (inputs + sum(self.parameters(state).values())) < WORTH_A_THREAD
            torch.set_num_threads(1 if little else min(before, fair_share()))
            try:
                yield
            finally:
                torch.set_num_threads(before)

    def trained(self, state: TorchState) -> nn.Module:
        """The module in evaluation mode."""
        return state.module.eval()

    def shard(self, state: TorchState) -> tuple[int, int]:
        """`(rank, world)` of this process."""
        return (0, 1) if self.devices == 1 else (state.fabric.global_rank, state.fabric.world_size)

    def tell(self, state: TorchState, reason: str | None) -> None:
        """Have the other processes hear with the next update why this one wants to stop; None for no reason."""
        state.telling = reason

    def heard(self, state: TorchState) -> str | None:
        """Why some process wanted to stop at the last update; every process gets the same answer."""
        return state.heard

    def agree(self, state: TorchState, flag: bool) -> bool:
        """Whether any process has raised its flag; none goes on before all have come here."""
        with reaching_others():
            return any_raised(flag, state.fabric.device)

    def gathered(self, state: TorchState, array: np.ndarray) -> np.ndarray:
        """Rows `(N, ...)` of all processes, one process after another, of the `(B, ...)` that each brings."""
        with reaching_others():
            return gathered(array, state.fabric.device)

    def of_the_first(self, state: TorchState, value: Any) -> Any:
        """`value` of the first process, at every process."""
        with reaching_others():
            return of_the_first(value, state.fabric.device)

    def align(self, state: TorchState) -> None:
        """Give every process the buffers of the first one, as an update does before it begins."""
        with reaching_others():
            align(state.module)

    def _together(self, state: TorchState, batch: Batch, key: int) -> tuple[dict[str, Tensor], dict[str, Tensor], int]:
        """Losses and gradients over the rows of all processes, and the number of these rows."""
        losses, logged = state.task.losses(torch_ops, state.forward, _moved(batch, state), key)
        update = UpdateOverRanks(losses, logged, len(batch), state.telling, state.fabric.device)
        self._differentiate(state, update.sums)
        means = update.meet(list(state.names.values()), state.fabric.world_size)
        state.heard = update.heard
        return means

    def _needs_fabric(self, fabric: Fabric) -> bool:
        """Whether calls go through Fabric: for several processes and for mixed precision."""
        return fabric.world_size > 1 or self.precision == "bf16-mixed"

    def _forward(self, wrapped: Any, module: nn.Module, fabric: Fabric) -> Any:
        """What training calls: the module itself, DDP around it, or Fabric around both.

        Fabric casts what a model returns to torch's default dtype, so it stands only where precision is mixed:
        float64 outputs would be rounded to float32 before the loss.
        """
        if self.precision == "bf16-mixed":
            return wrapped
        return wrapped._forward_module if fabric.world_size > 1 else module

    def _optimiser(
        self, module: nn.Module, player: str, task: Task, names: Mapping[str, Tensor], part_of: Mapping[str, str]
    ) -> torch.optim.Optimizer:
        """The optimiser of a player: over the whole model for one player, else over the submodule of that name."""
        prefix = "" if len(task.players) == 1 else f"{player}."
        groups: dict[tuple[float, float], list[Tensor]] = {}  # parts of equal options share a group: fewer calls
        for name, parameter in names.items():
            if name.startswith(prefix):
                part = part_of[name]
                groups.setdefault((rate_of(self, part), decay_of(self, part)), []).append(parameter)
        if not groups:
            raise ConfigError(
                f"Player {player!r} of this task trains the submodule of that name; the model has "
                f"{', '.join(name for name, _ in module.named_children()) or 'none'}. Name its submodules by player."
            )
        return OPTIMISERS[self.optimiser](
            [
                {"params": group, "lr": rate, "full_rate": rate, "weight_decay": decay}
                for (rate, decay), group in groups.items()
            ],
            fused=all(parameter.is_floating_point() for parameter in names.values()),
        )

    def _differentiate(self, state: TorchState, losses: Mapping[str, Tensor]) -> None:
        """Fill the gradients: each player's parameters get the gradient of that player's loss only."""
        for parameter in state.names.values():
            parameter.grad = None
        if len(losses) == 1:
            loss = next(iter(losses.values()))
            if self._needs_fabric(state.fabric):
                state.fabric.backward(loss)
            else:
                loss.backward()
            return
        for player, loss in losses.items():
            groups = state.optimisers[player].param_groups
            own = [parameter for group in groups for parameter in group["params"]]
            gradients = torch.autograd.grad(loss, own, retain_graph=True, allow_unused=True)
            for parameter, gradient in zip(own, gradients, strict=True):
                parameter.grad = gradient

    def _apply(self, state: TorchState, info: Mapping[str, float], share: float) -> None:
        """Clip, set the learning rates of this update, and update the weights."""
        if self.gradient_clip is not None:
            norm = math.hypot(*(value for name, value in info.items() if name.startswith("gradient_norm/")))
            if norm > self.gradient_clip:
                for parameter in state.names.values():
                    if parameter.grad is not None:
                        parameter.grad.mul_(self.gradient_clip / norm)
        for optimiser in state.optimisers.values():
            if self.horizon:
                for group in optimiser.param_groups:
                    group["lr"] = group["full_rate"] * share
            optimiser.step()


def _moved(batch: Batch, state: TorchState) -> Batch:
    """The batch as tensors on the device; inputs and number targets in the dtype of the run."""
    device = state.fabric.device
    targets = None if batch.targets is None else to_tensor(batch.targets, device, state.dtype)
    return Batch(to_tensor(batch.inputs, device, state.dtype), targets, batch.rows)  # type: ignore[arg-type]


def _told(state: TorchState, losses: Mapping[str, Tensor], logged: Mapping[str, Any]) -> dict[str, float]:
    """Losses, further numbers and gradient norms by part, brought to Python in one transfer."""
    names = ["loss"] if len(losses) == 1 else [f"loss/{player}" for player in losses]
    names += list(logged)
    values = (*losses.values(), *logged.values())
    numbers = [torch.as_tensor(value, device=state.fabric.device).detach() for value in values]
    counts = {}
    for part, group in state.parts.items():
        norms = [torch.linalg.vector_norm(p.grad) for p in group if p.grad is not None]
        counts[part] = len(norms)
        numbers += norms
    told = torch.stack(numbers).tolist()
    info = dict(zip(names, told, strict=False))
    start = len(names)
    for part, count in counts.items():
        info[f"gradient_norm/{part}"] = math.hypot(*told[start : start + count])
        start += count
    return info
