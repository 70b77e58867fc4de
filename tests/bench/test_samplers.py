"""How settings are drawn: at random, by an estimator, or the whole grid; the same again when a cell is taken up."""

import logging
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from qml.base.errors import ConfigError, MissingExtraError
from qml.bench.budget import Sampler, check_sampler, grid_settings, sample_settings
from qml.bench.protocol import Protocol
from qml.bench.run import cells_of, run_cell
from qml.bench.store import Store
from tests.bench.contestants import CountingArm, digits_source, info, make_task

SPACE = {"rate": (1e-4, 1e-3, 1e-2, 1e-1, 1.0), "width": (4, 8, 16, 32), "kind": ("tanh", "relu")}
SOURCE = partial(digits_source, rows=300)


def loss(setting):
    """Least at rate 0.01, width 16, tanh."""
    far = abs(np.log10(setting["rate"]) + 2) + abs(np.log2(setting["width"]) - 4) / 2
    return float(far + (setting["kind"] != "tanh"))


def search(name, trials, seed, space=SPACE):
    sampler, history = Sampler(name, space, trials, seed), []
    for _ in range(trials):
        setting = sampler.next(history, higher_is_better=False)
        history.append((setting, loss(setting)))
    return history


def test_the_grid_is_gone_through_once_in_order():
    points = [setting for setting, _ in search("grid", 40, seed=3)]
    assert points == list(grid_settings(SPACE))
    assert len({tuple(point.items()) for point in points}) == 40
    assert points[0] == {"kind": "tanh", "rate": 1e-4, "width": 4}


def test_a_grid_of_another_size_is_refused_before_any_cell():
    with pytest.raises(ConfigError, match=r"trials=6 was asked for; the space has 40 points .*Set trials=40"):
        Sampler("grid", SPACE, 6, seed=0)
    arm = CountingArm(info("count", "baseline", "Count", {}, {"quality": (0.1, 0.2)}))
    with pytest.raises(ConfigError, match="the space of 'count' has 2 points"):
        cells_of((arm,), Protocol("grid", "digits", trials=3, sampler="grid"))
    with pytest.raises(ConfigError, match="'sobol' is not known"):
        check_sampler("sobol", SPACE, 3)


def test_nothing_to_choose_is_repeated_under_every_sampler():
    assert [Sampler(name, {}, 2, 0).next([({}, 0.5)], True) for name in ("random", "grid")] == [{}, {}]


def test_random_is_what_it_was():
    assert [setting for setting, _ in search("random", 7, seed=5)] == list(sample_settings(SPACE, 7, 5))


def test_without_optuna_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "qml.bench.tpe", raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "qml-hybrid\[tpe\]"'):
        check_sampler("tpe", SPACE, 3)


def test_tpe_begins_as_random_and_repeats_nothing():
    pytest.importorskip("optuna", reason="the extra tpe is not installed")
    history = search("tpe", 12, seed=1)
    assert [setting for setting, _ in history[:6]] == list(sample_settings(SPACE, 12, 1)[:6])
    assert len({tuple(sorted(setting.items())) for setting, _ in history}) == 12


def test_tpe_is_a_function_of_what_was_tried():
    pytest.importorskip("optuna", reason="the extra tpe is not installed")
    whole = search("tpe", 10, seed=2)
    assert whole == search("tpe", 10, seed=2)
    assert whole != search("tpe", 10, seed=3)
    taken_up = Sampler("tpe", SPACE, 10, 2)  # a new process: nothing is known but the history on disk
    assert [taken_up.next(whole[:n], False) for n in range(10)] == [setting for setting, _ in whole]


def test_tpe_finds_more_than_random():
    """Mean best loss over 30 searches of 16 trials out of 40 points, paired by seed."""
    pytest.importorskip("optuna", reason="the extra tpe is not installed")
    gains = []
    for seed in range(30):
        best = {name: min(value for _, value in search(name, 16, seed)) for name in ("random", "tpe")}
        gains.append(best["random"] - best["tpe"])
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / np.sqrt(len(gains))
    up = Sampler("tpe", SPACE, 16, 0).next([(setting, -value) for setting, value in search("tpe", 12, 0)], True)
    assert up == Sampler("tpe", SPACE, 16, 0).next(search("tpe", 12, 0), False)


def test_tpe_goes_through_a_space_smaller_than_its_trials():
    pytest.importorskip("optuna", reason="the extra tpe is not installed")
    space = {"rate": (1e-3, 1e-2), "width": (8,), "kind": ("tanh",)}
    history = search("tpe", 6, seed=0, space=space)
    assert {setting["rate"] for setting, _ in history} == {1e-3, 1e-2}


def test_tpe_says_nothing_and_leaves_the_log_as_it_was(caplog):
    optuna = pytest.importorskip("optuna", reason="the extra tpe is not installed")
    before = optuna.logging.get_verbosity()
    with caplog.at_level(logging.INFO):
        search("tpe", 6, seed=0)
    assert caplog.records == []
    assert optuna.logging.get_verbosity() == before


def test_a_killed_search_by_tpe_ends_as_a_quiet_one(tmp_path):
    pytest.importorskip("optuna", reason="the extra tpe is not installed")
    space = {"quality": (0.0, 0.1, 0.2, 0.3, 0.4, 0.45)}
    protocol = Protocol("tpe", "digits", seeds=(0, 1), trials=5, sampler="tpe")

    class Stopping(CountingArm):
        def fit(self, *args):
            if (tmp_path / "fits").exists() and len((tmp_path / "fits").read_text().splitlines()) == 3:
                raise KeyboardInterrupt
            return super().fit(*args)

    arm = CountingArm(info("count", "baseline", "Count", {}, space), str(tmp_path / "fits"))
    with pytest.raises(KeyboardInterrupt):
        run_cell(Stopping(arm.info, arm.log), SOURCE, make_task, protocol, 0, Store(tmp_path / "s"))
    killed = run_cell(arm, SOURCE, make_task, protocol, 0, Store(tmp_path / "s"))
    quiet_arm = replace(arm, log=str(tmp_path / "quiet"))
    quiet = run_cell(quiet_arm, SOURCE, make_task, protocol, 0, Store(tmp_path / "q"))
    assert [t.settings for t in killed.trials] == [t.settings for t in quiet.trials]
    assert [t.score for t in killed.trials] == [t.score for t in quiet.trials]
    assert killed.metrics == quiet.metrics
