"""The Optuna sweeper: what it asks for, what it makes of answers, and a search end to end."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from omegaconf import OmegaConf

from hydra_plugins.qml_optuna import RESULTS, OptunaSweeper, OptunaSweeperConfig, searched

optuna = pytest.importorskip("optuna", reason="the search needs Optuna: pip install 'qml-hybrid[tpe]'")

ROOT = Path(__file__).resolve().parents[2]


class Trial:
    """Takes the lowest or the first of everything, and notes what it was asked."""

    def __init__(self):
        self.asked = {}

    def suggest_int(self, name, low, high, step=1, log=False):
        self.asked[name] = ("int", low, high, step, log)
        return low

    def suggest_float(self, name, low, high, log=False):
        self.asked[name] = ("float", low, high, log)
        return low

    def suggest_categorical(self, name, choices):
        self.asked[name] = ("choice", *choices)
        return choices[0]


def asked(*words):
    fixed, asks = searched(OverridesParser.create().parse_overrides(list(words)))
    trial = Trial()
    return fixed, [ask(trial) for ask in asks], trial.asked


@pytest.mark.parametrize(
    ("word", "answer", "question"),
    [
        ("a=1,2", "a=1", ("choice", "1", "2")),
        ("a/b=sel,iqp", "a/b=sel", ("choice", "sel", "iqp")),
        ("a=choice([1,2],[3])", "a=[1,2]", ("choice", "[1,2]", "[3]")),
        ("a=range(1,6,2)", "a=1", ("int", 1, 5, 2, False)),
        ("a=range(5,1,-2)", "a=3", ("int", 3, 5, 2, False)),
        ("a=range(0.0,1.0,0.5)", "a=0.0", ("choice", 0.0, 0.5)),
        ("a=interval(0.1,2)", "a=0.1", ("float", 0.1, 2, False)),
        ("a=int(interval(1,8))", "a=1", ("int", 1, 8, 1, False)),
        ("a=tag(log,interval(0.001,0.1))", "a=0.001", ("float", 0.001, 0.1, True)),
    ],
)
def test_each_sweep_is_a_question(word, answer, question):
    fixed, answers, seen = asked("recipe=smoke", "+b.c='x y'", word)
    assert fixed == ["recipe=smoke", "+b.c='x y'"]
    assert answers == [answer]
    assert seen == {word.partition("=")[0]: question}


def test_nothing_to_search_is_refused():
    with pytest.raises(HydraException, match="nothing to search"):
        asked("recipe=smoke")


def sweeper(tmp_path, score, **changes):
    """A sweeper whose jobs are scored by a function of their overrides."""
    settings = {k: v for k, v in vars(OptunaSweeperConfig(**changes)).items() if k != "_target_"}
    made = OptunaSweeper(**settings)
    made.config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    made.launched, made.validate_batch_is_legal = [], lambda batch: None

    class Launcher:
        def launch(self, batch, initial_job_idx):
            made.launched += batch
            return [job(score, overrides) for overrides in batch]

    class Context:
        config_loader = None

    made.launcher, made.hydra_context = Launcher(), Context()
    return made


def job(score, overrides):
    done = JobReturn(overrides=overrides)
    try:
        done.return_value, done.status = score(dict(word.split("=") for word in overrides)), JobStatus.COMPLETED
    except ValueError as error:
        done.return_value, done.status = error, JobStatus.FAILED
    return done


def bowl(words):
    return -((float(words["x"]) - 0.3) ** 2)


def test_the_search_comes_near_the_best_and_writes_it_down(tmp_path):
    made = sweeper(tmp_path, bowl, n_trials=40, n_jobs=4)
    made.sweep(["x=interval(0.0,1.0)", "y=7"])
    found = yaml.safe_load((tmp_path / RESULTS).read_text())
    assert len(made.launched) == found["n_trials"] == 40
    assert abs(found["best_params"]["x"] - 0.3) < 0.05
    assert all(words[0] == "y=7" for words in made.launched)


def test_one_seed_one_search(tmp_path):
    searches = [sweeper(tmp_path, bowl, n_trials=12, seed=seed) for seed in (1, 1, 2)]
    for made in searches:
        made.sweep(["x=interval(0.0,1.0)"])
    assert searches[0].launched == searches[1].launched
    assert searches[0].launched != searches[2].launched


def test_a_kept_study_goes_on(tmp_path):
    kept = {"study_name": "one", "storage": str(tmp_path / "study.log")}
    first, second = sweeper(tmp_path, bowl, n_trials=4, **kept), sweeper(tmp_path, bowl, n_trials=6, **kept)
    first.sweep(["x=interval(0.0,1.0)"])
    second.sweep(["x=interval(0.0,1.0)"])
    assert (len(first.launched), len(second.launched)) == (4, 2)
    assert second.launched[0] not in first.launched


def test_failed_jobs_end_a_search_unless_some_may(tmp_path):
    def half(words):
        if float(words["x"]) > 0.5:
            raise ValueError("too large")
        return float(words["x"])

    with pytest.raises(ValueError, match="too large"):
        sweeper(tmp_path, half, n_trials=20).sweep(["x=interval(0.0,1.0)"])
    made = sweeper(tmp_path, half, n_trials=20, max_failure_rate=1.0)
    made.sweep(["x=interval(0.0,1.0)"])
    assert yaml.safe_load((tmp_path / RESULTS).read_text())["best_value"] <= 0.5


@pytest.mark.parametrize("value", [None, float("nan"), "much"])
def test_a_job_that_returns_no_number_is_refused(tmp_path, value):
    with pytest.raises(HydraException, match="no finite number"):
        sweeper(tmp_path, lambda words: value, n_trials=1).sweep(["x=interval(0.0,1.0)"])


@pytest.mark.parametrize("changes", [{"sampler": "grid"}, {"direction": "up"}, {"n_trials": 0}])
def test_what_cannot_be_meant_is_refused(tmp_path, changes):
    with pytest.raises(HydraException, match=r"hydra\.sweeper"):
        sweeper(tmp_path, bowl, **changes)


def test_a_search_over_benchmarks_end_to_end(tmp_path):
    command = [sys.executable, "-m", "experiments.benchmark", "-m", "hydra/sweeper=optuna", "hydra/launcher=basic"]
    command += ["hydra.sweeper.n_trials=2", "data=wine", "protocol=smoke", "model=svm", "report=false"]
    command += ["model.C=tag(log,interval(0.1,10.0))", f"store={tmp_path / 'store'}", f"hydra.sweep.dir={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    found = yaml.safe_load((tmp_path / RESULTS).read_text())
    assert found["n_trials"] == 2
    assert 0 < found["best_value"] <= 1
