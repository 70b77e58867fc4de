"""Is it a layer like any other? Asked of a torch module or of a JAX pair of functions."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from qml.base.errors import ConfigError
from qml.contracts.report import FAILURES, Broken, Finding, NotApplicable, Report, run_checks

DDP = "2-process DDP"


def check_layer(
    layer: Any, *, n_inputs: int | None = None, seed: int = 0, processes: bool = True, skip: tuple[str, ...] = ()
) -> Report:
    """Check a layer against everything that frameworks take for granted of one.

    A torch module: gradients against finite differences; `torch.save` and pickle; `deepcopy` after a forward;
    `.double()`; `functional_call`; per-sample gradients; double backward; batch dimensions; empty batch; `state_dict`;
    DataLoader workers; autocast; `torch.compile`; DDP on two processes. A JAX pair: gradients, `jit`, `vmap`, `grad`,
    `value_and_grad`, per-sample gradients, batch dimensions, empty batch. A torch module that gives different values
    for equal inputs, or a function that gives different weights, fails at that alone.

    Args:
        layer: a torch module, an object with `init(key)` and `apply(params, inputs)`, or a function of no arguments
            that gives one (with equal weights each time).
        n_inputs: width `D` of its inputs `(..., D)`; taken from `layer.program` where there is one.
        seed: of the inputs that are tried.
        processes: whether to run the checks that start processes (workers, DDP), some seconds each.
        skip: names of checks to leave out.

    Returns:
        A Report; `report.raise_if_failed()` turns findings into an error, `print(report)` shows them.

    Raises:
        ConfigError: what was handed in is no layer, or its width is not known.

    Example:
        >>> from qml.circuits import angle, basic
        >>> from qml.layers.torch import CircuitLayer
        >>> layer = CircuitLayer(angle(2) + basic(2, depth=1), executor="reference", seed=0)
        >>> check_layer(layer, processes=False, skip=("torch.compile",)).ok
        True
    """
    return check_layers({"layer": layer}, n_inputs=n_inputs, seed=seed, processes=processes, skip=skip)["layer"]


def check_layers(
    layers: Mapping[str, Any],
    *,
    n_inputs: int | None = None,
    seed: int = 0,
    processes: bool = True,
    skip: tuple[str, ...] = (),
) -> dict[str, Report]:
    """`check_layer` for several layers, which share the two processes of the DDP check; arguments as there."""
    makers = {name: _maker(layer) for name, layer in layers.items()}
    skip = skip if processes else (*skip, "DataLoader workers", DDP)
    reports: dict[str, Report] = {}
    modules = {}
    for name, make in makers.items():
        sample = make()
        width = _width(sample, n_inputs)
        if _is_module(sample):
            modules[name] = (make, width)
        else:
            from qml.contracts.jax_layer import CHECKS, JaxCase

            case = JaxCase(sample, width, seed)
            reports[name] = run_checks(name, _bound(CHECKS, case, skip))
    reports |= _check_modules(modules, seed, skip)
    return {name: reports[name] for name in layers}


def _check_modules(modules: Mapping[str, tuple[Callable, int]], seed: int, skip: tuple[str, ...]) -> dict[str, Report]:
    if not modules:
        return {}
    from qml.contracts.torch_layer import CHECKS, TorchCase, obstacle

    cases = {name: TorchCase(make, width, seed) for name, (make, width) in modules.items()}
    found = {name: obstacle(case) for name, case in cases.items()}
    comparable = {name: case for name, case in cases.items() if found[name] is None}
    together = None if DDP in skip else _Together(comparable)
    reports = {}
    for name, case in cases.items():
        checks = _bound(CHECKS, case, skip)
        if together is not None:
            checks.append((DDP, partial(together.check, name)))
        hindered = found[name]
        reports[name] = run_checks(name, checks) if hindered is None else _hindered(name, *hindered, checks)
    return reports


def _hindered(subject: str, promise: str, reason: str, checks: list[tuple[str, Callable]]) -> Report:
    """The report on a layer whose values cannot be compared: one failure, and nothing else asked."""
    rest = (Finding(check, "not applicable", f"needs {promise!r}") for check, _ in checks)
    return Report(subject, (Finding(promise, "failed", reason), *rest))


class _Together:
    """The DDP check of several layers: two processes serve them all, when the first is asked for."""

    def __init__(self, cases: Mapping[str, Any]):
        self.cases = cases
        self.found: dict[str, Any] | None = None

    def check(self, name: str) -> None:
        """Both ranks hold the mean of the gradients of their rows."""
        from qml.contracts import ddp, torch_layer

        case = self.cases[name]
        layer = case.fresh()
        case.parameters(layer)
        ddp.picklable(layer)
        if self.found is None:
            self.found = self._run()
        torch_layer.agree_on_gradients(layer, case.inputs, self.found[name], ddp.WORLD)

    def _run(self) -> dict[str, Any]:
        from qml.contracts import ddp

        try:
            return ddp.gradients_together(self._jobs())
        except Broken as found:
            return dict.fromkeys(self.cases, str(found))

    def _jobs(self) -> dict[str, Any]:
        from qml.contracts import ddp

        jobs = {}
        for name, case in self.cases.items():
            layer = case.fresh()
            try:
                case.parameters(layer)
                ddp.picklable(layer)
            except (NotApplicable, *FAILURES):
                continue  # its own check says why
            jobs[name] = (layer, case.inputs)
        return jobs


def _bound(checks: Mapping[str, Callable], case: Any, skip: tuple[str, ...]) -> list[tuple[str, Callable]]:
    return [(name, partial(check, case)) for name, check in checks.items() if name not in skip]


def _is_module(layer: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(layer, torch.nn.Module)


def _is_pair(layer: Any) -> bool:
    return callable(getattr(layer, "init", None)) and callable(getattr(layer, "apply", None))


def _maker(layer: Any) -> Callable[[], Any]:
    """A function that gives fresh copies of what was handed in."""
    if _is_module(layer):
        return partial(copy.deepcopy, layer)
    if _is_pair(layer):
        return lambda: layer
    if callable(layer):
        made = layer()
        if _is_module(made) or _is_pair(made):
            return layer
    raise ConfigError(
        f"check_layer got {type(layer).__name__}; it checks a torch module, an object with init(key) and "
        "apply(params, inputs), or a function of no arguments that gives one of these."
    )


def _width(layer: Any, n_inputs: int | None) -> int:
    if n_inputs is not None:
        return n_inputs
    program = getattr(layer, "program", None)
    if program is None:
        raise ConfigError(f"check_layer cannot tell the width of {type(layer).__name__}. Pass n_inputs=.")
    return program.n_inputs
