"""`hydra/sweeper=optuna`: jobs of a sweep chosen by Optuna from the scores of those before.

Hydra takes sweepers from this namespace package alone. Its own plug-in for Optuna asks for a version below 3; this one
runs with today's, and knows less: one objective, and the sweep words of the command line as its search space.
Hydra executes this file without entering it among the modules, so its annotations are no texts.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

_logger = logging.getLogger(__name__)
SAMPLERS = ("tpe", "random")
DIRECTIONS = ("maximize", "minimize")
RESULTS = "optimization_results.yaml"
Ask = Callable[[Any], str]


@dataclass
class OptunaSweeperConfig:
    """Choice `optuna` of the group `hydra/sweeper`.

    Args:
        n_trials: jobs in all; of a study that is kept in a storage, those of earlier runs included.
        n_jobs: jobs launched together, as many as the launcher runs side by side; each batch knows those before it.
        direction: "maximize" or "minimize" what a job returns.
        sampler: "tpe" or "random".
        seed: of the sampler; null draws anew.
        study_name: of a study that is kept.
        storage: where it is kept, so that a later call continues it: a file, or a database as `sqlite:///study.db`;
            null keeps it in memory.
        max_failure_rate: share of jobs of a batch that may fail; above it the sweep ends with the first error.
        params: search space, key -> sweep, where it does not stand on the command line.
    """

    _target_: str = "hydra_plugins.qml_optuna.OptunaSweeper"
    n_trials: int = 20
    n_jobs: int = 1
    direction: str = "maximize"
    sampler: str = "tpe"
    seed: int | None = 0
    study_name: str | None = None
    storage: str | None = None
    max_failure_rate: float = 0.0
    params: dict[str, str] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="optuna", node=OptunaSweeperConfig, provider="qml")


class OptunaSweeper(Sweeper):
    """Asks Optuna for settings, launches them as jobs, and tells it what they returned.

    The arguments are those of `OptunaSweeperConfig`. The best setting is written to `optimization_results.yaml` in the
    folder of the sweep.

    Raises:
        HydraException: a sampler or direction that is not known, or no number of trials.
    """

    def __init__(
        self,
        n_trials: int,
        n_jobs: int,
        direction: str,
        sampler: str,
        seed: int | None,
        study_name: str | None,
        storage: str | None,
        max_failure_rate: float,
        params: Mapping[str, str],
    ):
        for name, value, known in (("sampler", sampler, SAMPLERS), ("direction", direction, DIRECTIONS)):
            if value not in known:
                raise HydraException(f"hydra.sweeper.{name}={value} is not known. Known: {', '.join(known)}")
        if n_trials < 1 or n_jobs < 1:
            raise HydraException(f"hydra.sweeper needs one trial and one job or more; got {n_trials} and {n_jobs}")
        self.n_trials, self.n_jobs, self.direction = n_trials, n_jobs, direction
        self.sampler, self.seed = sampler, seed
        self.study_name, self.storage = study_name, storage
        self.max_failure_rate, self.params = max_failure_rate, params
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None
        self.launcher: Any = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over, and make the launcher."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[JobReturn]:
        """Run the trials that are left.

        Args:
            arguments: overrides of the command line; those that sweep are the search space.

        Raises:
            HydraException: nothing to search, a sweep that Optuna cannot draw from, or a job that returns no number.
        """
        if self.config is None or self.hydra_context is None:
            raise HydraException("the sweeper was not set up; Hydra does that")
        study = self._study()
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        fixed, asks = searched(parser.parse_overrides([*(f"{k}={v}" for k, v in self.params.items()), *arguments]))
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        returns: list[JobReturn] = []
        left = self.n_trials - sum(trial.state.is_finished() for trial in study.trials)
        while left > 0:
            trials = [study.ask() for _ in range(min(self.n_jobs, left))]
            batch = [[*fixed, *(ask(trial) for ask in asks)] for trial in trials]
            self.validate_batch_is_legal(batch)
            done = self.launcher.launch(batch, initial_job_idx=len(returns))
            self._tell(study, trials, done)
            returns += done
            left -= len(trials)
        self._conclude(study, folder)
        return returns

    def _study(self) -> Any:
        """The study, with its earlier trials where it is kept."""
        try:
            import optuna
        except ImportError as error:
            raise HydraException('hydra/sweeper=optuna needs Optuna: pip install "qml-hybrid[tpe]"') from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage: Any = self.storage
        if storage is not None and "://" not in storage:
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend

            Path(storage).parent.mkdir(parents=True, exist_ok=True)
            storage = JournalStorage(JournalFileBackend(storage))
        study = optuna.create_study(
            storage=storage, study_name=self.study_name, direction=self.direction, load_if_exists=True
        )
        seed = None if self.seed is None else self.seed + len(study.trials)  # a study that goes on draws anew
        if self.sampler == "tpe":
            study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=self.n_jobs > 1)
        else:
            study.sampler = optuna.samplers.RandomSampler(seed=seed)
        return study

    def _tell(self, study: Any, trials: Sequence[Any], done: Sequence[JobReturn]) -> None:
        """Hand the scores of a batch to the study; what failed counts as a trial without one."""
        from optuna.trial import TrialState

        failed = []
        for trial, job in zip(trials, done, strict=True):
            value = job.return_value if job.status == JobStatus.COMPLETED else None
            if isinstance(value, (int, float)) and math.isfinite(value):
                study.tell(trial, float(value))
                _logger.info("trial %d: %.6g with %s", trial.number, value, dict(trial.params))
                continue
            study.tell(trial, state=TrialState.FAIL)
            failed.append(job)
        if len(failed) > self.max_failure_rate * len(done):
            value = failed[0].return_value  # raises what the job raised
            raise HydraException(
                f"a job returned {value!r}, which is no finite number; a search needs a job that returns its score, "
                f"as experiments.benchmark does"
            )

    def _conclude(self, study: Any, folder: Path) -> None:
        """Write down what was best."""
        from optuna.trial import TrialState

        counted = len(study.trials)
        if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            _logger.warning("none of %d trials gave a score", counted)
            return
        found = {
            "name": "optuna",
            "n_trials": counted,
            "best_value": study.best_value,
            "best_params": dict(study.best_params),
        }
        OmegaConf.save(OmegaConf.create(found), folder / RESULTS)
        _logger.info("best of %d trials: %.6g with %s", counted, study.best_value, dict(study.best_params))


def searched(overrides: Sequence[Override]) -> tuple[list[str], list[Ask]]:
    """Overrides as those that are the same in every job, and one question to Optuna for each that sweeps.

    `a,b` and `choice(a,b)` are one of these, `range(1,5)` a number in steps without its end, `interval(0.1,1)` any
    number, `int(interval(1,8))` a whole one, on a logarithmic scale as `tag(log, interval(0.001,0.1))`.

    Raises:
        HydraException: nothing sweeps.
    """
    fixed, asks = [], []
    for override in overrides:
        if override.is_sweep_override():
            asks.append(_ask(override))
        else:
            fixed.append(f"{override.get_key_element()}={override.get_value_element_as_str()}")
    if not asks:
        raise HydraException(
            "hydra/sweeper=optuna has nothing to search. Give a sweep: 'model.circuit.depth=range(1,5)', "
            "'training.learning_rate=tag(log, interval(0.001,0.1))' or model/circuit=sel,iqp"
        )
    return fixed, asks


def _ask(override: Override) -> Ask:
    """A question to a trial of Optuna, whose answer is an override."""
    key, value = override.get_key_element(), override.value()
    if isinstance(value, RangeSweep):
        steps: Any = list(value.range())
        whole = all(isinstance(step, int) for step in steps)
        if len(steps) == 1:
            return lambda trial: f"{key}={steps[0]}"
        if whole:
            return lambda trial: (
                f"{key}={trial.suggest_int(key, min(steps), max(steps), step=abs(steps[1] - steps[0]))}"
            )
        return lambda trial: f"{key}={trial.suggest_categorical(key, steps)}"
    if isinstance(value, IntervalSweep):
        low: Any = value.start
        high: Any = value.end
        log = "log" in value.tags
        if isinstance(low, int) and isinstance(high, int):
            return lambda trial: f"{key}={trial.suggest_int(key, low, high, log=log)}"
        return lambda trial: f"{key}={trial.suggest_float(key, low, high, log=log)}"
    texts = list(override.sweep_string_iterator())
    return lambda trial: f"{key}={trial.suggest_categorical(key, texts)}"
