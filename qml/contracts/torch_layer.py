"""What a torch module must do to be a layer like any other: the checks, on any module with one tensor in and out."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from collections.abc import Callable, Mapping

from qml.base.extras import require as require_extra

require_extra("torch", extra="torch", purpose="Checking a torch layer")
import torch
from torch import Tensor, nn

from qml.contracts.report import FAILURES, Broken, NotApplicable, require

ROWS = 5


class TorchCase:
    """One layer under check, with inputs to try it on.

    Args:
        make: gives a fresh, independent layer with equal weights each time it is called.
        n_inputs: width of its inputs.
        seed: of the inputs.
    """

    def __init__(self, make: Callable[[], nn.Module], n_inputs: int, seed: int):
        self.make = make
        random = torch.Generator().manual_seed(seed)
        self.inputs = 2 * torch.rand(ROWS, n_inputs, generator=random) - 0.7
        self.random = random

    def fresh(self, dtype: torch.dtype = torch.float32) -> nn.Module:
        """A layer of its own for one check, in `dtype`."""
        return self.make().to(dtype)

    def parameters(self, layer: nn.Module) -> Mapping[str, Tensor]:
        """The parameters by name; a layer without any is not concerned by what is asked of them."""
        found = dict(layer.named_parameters())
        if not found:
            raise NotApplicable("the layer has no parameters")
        return found

    def moved(self, layer: nn.Module) -> dict[str, Tensor]:
        """Other values for the parameters."""
        return {
            name: p.detach() + 0.3 + torch.rand(p.shape, generator=self.random).to(p.dtype)
            for name, p in self.parameters(layer).items()
        }


def obstacle(case: TorchCase) -> tuple[str, str] | None:
    """What makes every comparison meaningless, as the name of a promise and what was found; None if nothing does."""
    layer = case.fresh()
    first, second = (dict(module.named_parameters()) for module in (layer, case.fresh()))
    if any(name in second and not _same(p, second[name]) for name, p in first.items()):
        return "equal weights", (
            "two calls of the function that makes the layer give different weights: pass seed= to the layer inside "
            "it, or hand in one layer"
        )
    try:
        with torch.no_grad():
            steady = _same(layer(case.inputs), layer(case.inputs))
    except FAILURES:
        return None  # the checks say what it is
    return None if steady else ("deterministic", "not deterministic: call .eval() first")


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, equal_nan=True)


def _near(a: Tensor, b: Tensor, what: str, tolerance: float = 1e-5) -> None:
    a, b = a.detach(), b.detach()
    if a.shape != b.shape:
        raise Broken(f"{what}: shape {tuple(a.shape)} instead of {tuple(b.shape)}")
    gap = float((a.double() - b.double()).abs().max()) if a.numel() else 0.0
    scale = max(1.0, float(b.double().abs().max())) if b.numel() else 1.0
    require(gap <= tolerance * scale, f"{what}: off by {gap:.3g} where {tolerance * scale:.3g} is allowed")


def _squares(layer: nn.Module, inputs: Tensor) -> Tensor:
    return (layer(inputs) ** 2).sum()


def gradients(case: TorchCase) -> None:
    """Gradients are finite, not zero, and agree with finite differences in float64."""
    layer = case.fresh(torch.float64)
    inputs = case.inputs.double().requires_grad_(case.inputs.shape[1] > 0)
    places = {"inputs": inputs} if inputs.requires_grad else {}
    places |= {name: p for name, p in layer.named_parameters() if p.requires_grad}
    if not places:
        raise NotApplicable("the layer has neither inputs nor parameters")
    found = torch.autograd.grad(_squares(layer, inputs), tuple(places.values()), allow_unused=True)
    for (name, place), gradient in zip(places.items(), found, strict=True):
        if gradient is None:
            raise Broken(f"gradient of {name} is cut off: None")
        require(bool(torch.isfinite(gradient).all()), f"gradient of {name} is not finite")
        require(bool((gradient != 0).any()), f"gradient of {name} is zero everywhere")
        direction = torch.randn(place.shape, generator=case.random, dtype=torch.float64)
        with torch.no_grad():
            place += 1e-5 * direction
            above = _squares(layer, inputs)
            place -= 2e-5 * direction
            below = _squares(layer, inputs)
            place += 1e-5 * direction
        _near((gradient * direction).sum(), (above - below) / 2e-5, f"gradient of {name} along a direction", 1e-6)


def saves(case: TorchCase) -> None:
    """`torch.save` and `pickle` bring back an equal layer."""
    layer = case.fresh()
    expected = layer(case.inputs)
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    _near(torch.load(file, weights_only=False)(case.inputs), expected, "values after torch.save")
    _near(pickle.loads(pickle.dumps(layer))(case.inputs), expected, "values after pickle")  # noqa: S301


def copies(case: TorchCase) -> None:
    """`copy.deepcopy` after a forward gives an equal, independent layer."""
    layer = case.fresh()
    expected = layer(case.inputs)
    twin = copy.deepcopy(layer)
    _near(twin(case.inputs), expected, "values of the copy")
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter += 0.5
    _near(layer(case.inputs), expected, "values of the original after its copy has changed")


def doubles(case: TorchCase) -> None:
    """`.double()` computes in float64."""
    layer = case.fresh()
    values = layer.double()(case.inputs.double())
    require(values.dtype == torch.float64, f"output is {values.dtype} after .double()")
    _near(case.fresh()(case.inputs), values, "float32 values", 1e-4)


def honours_parameters(case: TorchCase) -> None:
    """`torch.func.functional_call` uses the parameters it is handed."""
    layer = case.fresh()
    moved = case.moved(layer)
    found = torch.func.functional_call(layer, moved, (case.inputs,))
    before = layer(case.inputs)
    layer.load_state_dict(moved, strict=False)
    _near(found, layer(case.inputs), "values under functional_call")
    require(not torch.allclose(found, before), "functional_call ignores the parameters it is handed")


def per_sample_gradients(case: TorchCase) -> None:
    """`vmap(grad)` gives the gradient of each row."""
    layer = case.fresh(torch.float64)
    inputs = case.inputs.double()
    parameters = {name: p.detach() for name, p in case.parameters(layer).items()}

    def loss(values, row):
        return (torch.func.functional_call(layer, values, (row,)) ** 2).sum()

    found = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, inputs)
    for index, row in enumerate(inputs):
        layer.zero_grad()
        _squares(layer, row).backward()
        for name, parameter in layer.named_parameters():
            _near(found[name][index], _defined(parameter), f"gradient of {name} for row {index}", 1e-9)


def _defined(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def double_backward(case: TorchCase) -> None:
    """The gradient of a gradient is right, or refused with `NotImplementedError`."""
    layer = case.fresh(torch.float64)
    parameters = [p for p in layer.parameters() if p.requires_grad]
    inputs = case.inputs.double().requires_grad_(case.inputs.shape[1] > 0)
    places = [*([inputs] if inputs.requires_grad else []), *parameters]

    def slope() -> Tensor:
        found = torch.autograd.grad((layer(inputs) ** 3).sum(), places, create_graph=True)
        return torch.stack([((g + 0.1) ** 2).sum() for g in found]).sum()

    try:
        second = torch.autograd.grad(slope(), places)
    except NotImplementedError as refusal:
        raise NotApplicable(f"refused: {refusal}") from refusal
    for place, gradient in zip(places, second, strict=True):
        direction = torch.randn(place.shape, generator=case.random, dtype=torch.float64)
        ends = []
        for step in (1e-5, -2e-5):
            with torch.no_grad():
                place += step * direction
            ends.append(slope().detach())
        with torch.no_grad():
            place += 1e-5 * direction
        _near((gradient * direction).sum(), (ends[0] - ends[1]) / 2e-5, "second derivative along a direction", 1e-5)


def batch_dimensions(case: TorchCase) -> None:
    """Any number of batch dimensions, none included."""
    layer = case.fresh()
    expected = layer(case.inputs)
    _near(layer(case.inputs[0]), expected[0], "values of a single row without batch dimension")
    stacked = torch.stack([case.inputs, case.inputs])[:, None]
    _near(layer(stacked), torch.stack([expected, expected])[:, None], "values of a batch of shape (2, 1, 5)")


def empty_batch(case: TorchCase) -> None:
    """No rows give no values and zero gradients."""
    layer = case.fresh()
    width = layer(case.inputs).shape[-1]
    inputs = case.inputs[:0].clone().requires_grad_(case.inputs.shape[1] > 0)
    values = layer(inputs)
    require(tuple(values.shape) == (0, width), f"an empty batch gives shape {tuple(values.shape)}, not (0, {width})")
    if not values.requires_grad:
        return
    values.sum().backward()
    for name, parameter in layer.named_parameters():
        require(not bool(_defined(parameter).any()), f"an empty batch gives {name} a gradient that is not zero")


def state_dict(case: TorchCase) -> None:
    """One `state_dict` key a parameter or persistent buffer, and a round trip through it."""
    layer, other = case.fresh(), case.fresh()
    keys, names = sorted(layer.state_dict()), sorted(_kept(layer))
    require(keys == names, f"state_dict has the keys {keys}; parameters and persistent buffers are {names}")
    other.load_state_dict(other.state_dict() | case.moved(other))
    layer.load_state_dict(other.state_dict())
    _near(layer(case.inputs), other(case.inputs), "values after load_state_dict")


def _kept(layer: nn.Module) -> list[str]:
    """Names of parameters and persistent buffers."""
    names = [name for name, _ in layer.named_parameters(remove_duplicate=False)]
    for place, module in layer.named_modules(remove_duplicate=False):
        own = (name for name, _ in module.named_buffers(recurse=False, remove_duplicate=False))
        names += [f"{place}.{name}".lstrip(".") for name in own if name not in module._non_persistent_buffers_set]
    return names


class _Rows(torch.utils.data.Dataset):
    """Rows that are run through the layer when they are fetched, in a worker process."""

    def __init__(self, layer: nn.Module, inputs: Tensor):
        self.layer, self.inputs = layer, inputs

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, row: int) -> Tensor:
        with torch.no_grad():
            return self.layer(self.inputs[row])


def loader_workers(case: TorchCase) -> None:
    """Runs inside DataLoader workers, after it has run in the parent."""
    layer = case.fresh()
    _squares(layer, case.inputs).backward() if any(p.requires_grad for p in layer.parameters()) else None
    loader = torch.utils.data.DataLoader(_Rows(layer, case.inputs), batch_size=2, num_workers=2, timeout=120)
    with warnings.catch_warnings():  # JAX warns of any fork once it is loaded; the workers do not touch it
        warnings.filterwarnings("ignore", message=".*os.fork", category=RuntimeWarning)
        found = torch.cat(list(loader))
    _near(found, layer(case.inputs).detach(), "values from workers")


def autocast(case: TorchCase) -> None:
    """Under autocast, inputs in float32 and in half precision give right values, and gradients are finite."""
    layer = case.fresh()
    expected = layer(case.inputs).detach()
    width = case.inputs.shape[1]
    model = nn.Sequential(nn.Linear(width, width), layer, nn.Linear(expected.shape[-1], 2)) if width else layer
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(case.inputs)
    out.float().sum().backward()
    for name, parameter in model.named_parameters():
        require(bool(torch.isfinite(_defined(parameter)).all()), f"gradient of {name} under autocast is not finite")
    for dtype in (torch.float16, torch.bfloat16):
        rounded = case.inputs.to(dtype)
        for inputs in (case.inputs, rounded):
            with torch.autocast("cpu", dtype=dtype):
                values = layer(inputs)
            what = f"{inputs.dtype} inputs under autocast to {dtype}"
            require(values.dtype in (dtype, torch.float32), f"{what} give {values.dtype}")
            _near(values, layer(inputs.float()), f"values of {what}", 5e-2)


def compiles(case: TorchCase) -> str:
    """`torch.compile` of a model around the layer gives the same values and gradients."""
    layer = case.fresh()
    n_values = layer(case.inputs).shape[-1]
    width = max(1, case.inputs.shape[1])
    first = nn.Linear(width, case.inputs.shape[1]) if case.inputs.shape[1] else nn.Identity()
    model = nn.Sequential(first, layer, nn.Linear(n_values, 2))
    expected = model(case.inputs)
    expected.sum().backward()
    wanted = [_defined(p).clone() for p in model.parameters()]
    model.zero_grad()
    explained = torch._dynamo.explain(model)(case.inputs)
    torch._dynamo.reset()
    try:
        found = torch.compile(model, backend="aot_eager")(case.inputs)
        found.sum().backward()
    finally:
        torch._dynamo.reset()
    _near(found, expected, "compiled values")
    for parameter, gradient in zip(model.parameters(), wanted, strict=True):
        _near(_defined(parameter), gradient, "compiled gradient")
    breaks = explained.graph_break_count
    return f"the graph breaks {breaks} times" if breaks else "one graph"


CHECKS = {
    "gradients": gradients,
    "torch.save": saves,
    "deepcopy": copies,
    "double": doubles,
    "functional_call": honours_parameters,
    "per-sample gradients": per_sample_gradients,
    "double backward": double_backward,
    "batch dimensions": batch_dimensions,
    "empty batch": empty_batch,
    "state_dict": state_dict,
    "DataLoader workers": loader_workers,
    "autocast": autocast,
    "torch.compile": compiles,
}


def agree_on_gradients(layer: nn.Module, inputs: Tensor, found: dict[str, Tensor] | str, world: int) -> None:
    """Compare gradients from DDP, a mean over ranks of sums over rows, with those of all rows `(B, D)`."""
    if isinstance(found, str):
        raise Broken(found)
    _squares(layer, inputs).backward()
    for name, parameter in layer.named_parameters():
        if parameter.requires_grad:
            require(name in found, f"DDP gives {name} no gradient")
            _near(found[name] * world, _defined(parameter), f"DDP gradient of {name}")
