"""Models of a job where they run: framework, executor, name, and the words that run them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qml.base.digest import canonical
from qml.base.errors import ConfigError
from qml.estimators.arms import SpecArm
from qml.estimators.choices import Backend
from qml.models import HybridSpec, Spec
from qml.models.published import Published


def words_for(arm: str, own: str, command: Sequence[str]) -> tuple[str, ...]:
    """The words that run the cells of one contestant again: those of the whole job, with no other one beside `own`.

    Args:
        arm: name of the contestant.
        own: name of the job's own model, which every job runs.
        command: words of the command line; none where a job was started from Python.

    Example:
        >>> words_for("svm", "hybrid", ("python", "-m", "experiments.benchmark", "recipe=digits", "arms=[all]"))
        ('python', '-m', 'experiments.benchmark', 'recipe=digits', 'arms=[svm]')
    """
    if not command:
        return ()
    return (*(word for word in command if not word.startswith("arms=")), f"arms=[{'' if arm == own else arm}]")


def placed_in(model: Spec, framework: str, backend: Backend) -> Spec:
    """A model with a circuit in its framework and on its executor; any other model as it is.

    Raises:
        ConfigError: a published model, whose training is torch's, was asked for in another framework; or noise,
            shots and the like were asked of a kernel, which takes exact states.
    """
    if isinstance(model, Published):
        if framework != model.framework:
            raise ConfigError(
                f"framework={framework} was asked for; model={model.entry} is trained in {model.framework}, as it was "
                "published. Leave framework out, or choose model=hybrid."
            )
        return replace(model, executor=backend.resolve())
    if not isinstance(model, HybridSpec):
        if model.family == "hybrid" and not backend.is_plain:
            raise ConfigError(
                f"noise, shots, mitigation or options of backend={backend.executor} were asked for; {model.title!r} "
                "takes exact states of its circuit and reads none of them. Choose model=hybrid or a published "
                "variational model, or leave them out."
            )
        return model
    return replace(model, framework=framework, executor=backend.resolve())


def run_by(arm: SpecArm, backend: Backend) -> SpecArm:
    """`arm`, told apart from the same model on another executor of your own, whatever the two are called.

    An executor that is put together is told apart by its name too, which holds the digest of its noise.
    """
    if (backend.make is None and backend.is_plain) or "executor" not in arm.info.config:
        return arm
    words = {"make": backend.make, "options": dict(backend.options)} if backend.make else backend.words
    config = {**arm.info.config, "backend": canonical(words)}
    return replace(arm, info=replace(arm.info, config=config))


def arm_name(model: Spec) -> str:
    """The short name of a job's own model: "hybrid" or its ablation, another by its entry and its ablation."""
    from qml.models import MODELS

    if isinstance(model, HybridSpec):
        return model.ablation or "hybrid"
    if isinstance(model, Published):
        return model.entry
    name = next((name for name, made in MODELS.items() if made is type(model)), type(model).__name__.lower())
    ablation = getattr(model, "ablation", "")
    return f"{name}_{ablation}" if ablation else name
