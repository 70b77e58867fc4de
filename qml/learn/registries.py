"""Tasks, Steps and Fits by name; a heavy framework is loaded when its Step is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qml.base.registry import Registry
from qml.learn.fit import Fit
from qml.learn.step import Step
from qml.learn.step_fit import StepFit
from qml.learn.supervised import Supervised
from qml.learn.task import Task
from qml.learn.two_class import Overlaps, TwoClass

TASKS: Registry[Callable[..., Task]] = Registry("task")
STEPS: Registry[Callable[..., Step]] = Registry("step")
FITS: Registry[Callable[..., Fit]] = Registry("fit")

TASKS.add("supervised", Supervised)
TASKS.add("two_class", TwoClass)
TASKS.add("overlaps", Overlaps)


@STEPS.register("torch")
def torch_step(**options: Any) -> Step:
    """`TorchStep(**options)`."""
    from qml.learn.torch_step import TorchStep

    return TorchStep(**options)


@STEPS.register("jax")
def jax_step(**options: Any) -> Step:
    """`JaxStep(**options)`."""
    from qml.learn.jax_step import JaxStep

    return JaxStep(**options)


FITS.add("steps", StepFit)


@FITS.register("whole")
def whole_fit(**options: Any) -> Fit:
    """`WholeFit(**options)`."""
    from qml.learn.whole_fit import WholeFit

    return WholeFit(**options)
