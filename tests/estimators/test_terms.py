"""Terms of a comparison through a whole job: outer folds, inner folds, samplers, sealed rows, from words alone."""

import numpy as np
import pytest

from qml import config
from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.bench import Store
from qml.bench.audit import findings, rise
from qml.bench.summary import summarise
from qml.estimators.data_choice import DataChoice
from qml.estimators.terms import Terms
from qml.models import Signature

WORDS = ["data=wine", "model=knn", "arms=[logistic,majority]", "report=false"]
FOLDS = ["protocol.folds=3", "protocol.seeds=[3,4,5]", "protocol.trials=2"]


def ran(tmp_path, *words, folder="s"):
    job = config.build([*WORDS, *words, f"store={tmp_path / folder}", f"out={tmp_path}"])
    return job.run(progress=False).ran


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folded")
    ran(folder, *FOLDS)
    return Store(folder / "s")


def test_folds_test_every_row_once(folded):
    cells = [cell for cell in folded if cell.cell.arm.name == "logistic"]
    assert [cell.status for cell in cells] == ["finished"] * 3
    tested = np.concatenate([cell.arrays["test_rows"] for cell in cells])
    assert sorted(tested.tolist()) == list(range(178))
    assert cells[0].protocol.folds == 3
    assert cells[0].protocol.test == pytest.approx(1 / 3)


def test_the_interval_of_folds_takes_their_shares(folded):
    summary = summarise(folded)
    arm, other = summary["logistic"], summary["majority"]
    for estimate, values in (
        (summary.estimate(arm), list(arm.scores.values())),
        (summary.difference(arm, other), [arm.scores[s] - other.scores[s] for s in arm.scores]),
    ):
        wanted = np.sqrt(np.var(values, ddof=1) * (1 / 3 + 1 / 2))  # n_test/n_train = 1/(k - 1)
        assert estimate.se == pytest.approx(wanted)


def test_nested_selection_runs_from_words(tmp_path):
    cells = ran(tmp_path, *FOLDS, "protocol.inner=2")
    assert all(cell.status == "finished" for cell in cells)
    assert {len(trial.folds) for cell in cells for trial in cell.trials} == {2}
    assert all(cell.refit is not None for cell in cells)
    assert len({cell.cell.protocol_hash for cell in cells}) == 1


def test_the_grid_of_one_arm(tmp_path):
    with pytest.raises(
        ConfigError, match=r"protocol\.sampler='grid' with trials=3 was asked for; the space of 'knn' has"
    ):
        ran(tmp_path, "protocol.seeds=[0,1]", "protocol.trials=3", "protocol.sampler=grid")
    assert not list(tmp_path.glob("s/cells/*"))


def test_what_cannot_be_divided_is_refused_in_words():
    with pytest.raises(ConfigError, match=r"data\.folds=5 was asked for; data.make=tests"):
        Terms("t", folds=5).divided(DataChoice("mine", make="tests.estimators.parts:first"))
    with pytest.raises(ConfigError, match=r"folds=5 was asked of 'fashion_mnist' with how='auto', which is 'official'"):
        DataChoice("fashion_mnist", folds=5).source(0)
    with pytest.raises(DataError, match="60-fold needs 60 rows of every class"):
        DataChoice("wine", folds=60).source(0)
    with pytest.raises(ConfigError, match=r"data\.hold_out=false"):
        config.build([*WORDS, "data.hold_out=false", "protocol.trials=2", "protocol.inner=3"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["protocol.folds=1"], "Protocol folds is 1; it must be None or an integer of at least 2"),
        (["protocol.folds=-2"], "folds is -2"),
        (["protocol.folds=40", "protocol.seeds=[0,1]"], "tested once; 38 from 2 to 39 are missing"),
        (["protocol.folds=3", "protocol.seeds=[0,1]"], r"tested once; \[2\] are missing"),
        (["protocol.sampler=best"], "sampler is 'best'; it must be one of random"),
        (["protocol.trials=0"], "trials is 0"),
        (["protocol.seeds=[]"], "at least one seed"),
        (["protocol.seeds=[0,0]"], "each seed once"),
        (["protocol.seeds=[0,1]", "seed=7"], r"seed=7 was asked for; the seeds of the protocol are \[0, 1\]"),
        (
            ["+protocol.floors.logistic=1.5"],
            r"floors\.logistic is 1\.5; it must be at most 1, as accuracy is; 95 % is 0\.95",
        ),
        (["+protocol.floors.logistic=95", "protocol.rank=auc"], "at most 1, as auc is"),
    ],
)
def test_terms_are_refused_before_a_row_is_read(words, said, monkeypatch):
    monkeypatch.setattr(DataChoice, "source", lambda *_: pytest.fail("rows were read"))
    with pytest.raises(ConfigError, match=said):
        config.build([*WORDS, *words])


@pytest.mark.parametrize("words", [[], ["model.ablation=removed"], ["framework=jax"], ["backend=reference"]])
def test_a_circuit_that_is_too_wide_is_refused_before_the_first_cell(words, tmp_path):
    given = ["data=wine", "model.circuit.n_qubits=60", "model.circuit.depth=1", f"store={tmp_path}", *words]
    with pytest.raises(CapabilityError, match=r"asked for a Program of 60 qubits.*Take fewer qubits"):
        config.build(given).planned(progress=False)


def test_a_folder_of_reports_that_cannot_be_is_refused_before_the_first_cell(tmp_path):
    (tmp_path / "file").write_text("")
    job = config.build([*WORDS, "report=true", f"store={tmp_path / 's'}", f"out={tmp_path / 'file'}"])
    with pytest.raises(ConfigError, match=r"file is a file. Name a folder"):
        job.run(progress=False)
    assert not (tmp_path / "s").exists()


def test_a_report_of_other_cells_says_what_the_store_holds(folded, tmp_path):
    words = [*WORDS, *FOLDS, f"out={tmp_path}"]
    with pytest.raises(DataError, match=r"where there is no store\. Check data, protocol and store, or run `python"):
        config.build([*words, f"store={tmp_path / 'none'}"], "report").run()
    words = [*words, f"store={folded.folder}"]
    with pytest.raises(DataError, match=r"which holds small on wine \(differs in epochs and rope\)\. Check"):
        config.build([*words, "protocol.epochs=3", "protocol.rope=0.02"], "report").run()
    with pytest.raises(DataError, match=r"which holds small on wine \([0-9a-f]{12}\)\. Check"):
        config.build([*words, "data=breast_cancer"], "report").run()


def test_a_floor_of_a_loss_may_be_above_one():
    Terms("loss", rank="rmse", floors={"svm": 30.0}).check()


def test_protocols_of_the_configuration_are_whole():
    for name, folds, inner in (("folds", 10, "holdout"), ("nested", 5, 3)):
        job = config.build(["data=wine", "model=logistic", f"protocol={name}"])
        protocol = job.terms(Signature((13,), 3))
        assert (protocol.folds, protocol.inner) == (folds, inner)
        assert len(protocol.seeds) % folds == 0


def test_the_same_terms_by_folds_or_by_shares_are_different_protocols():
    signature, data = Signature((13,), 3), DataChoice("wine")
    hashes = {
        Terms("t", trials=2, **more).protocol(data, signature).hash
        for more in ({}, {"folds": 5}, {"inner": 3}, {"sampler": "grid"})
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("rank", ["auc", "balanced_accuracy", "brier"])
def test_a_model_that_learns_by_steps_has_a_curve_of_any_ranking_metric(tmp_path, rank):
    terms = [f"protocol.rank={rank}", "protocol.epochs=5", "protocol.seeds=[0,1]"]
    store = f"store={tmp_path / 's'}"
    config.build(["data=wine", "model=mlp", "arms=[logistic]", "report=false", *terms, store]).run(progress=False)
    summary = summarise(Store(tmp_path / "s"))
    for cell in summary["mlp"].cells:
        curve = cell.curve(rank)
        assert [record.epoch for record in curve] == [1, 2, 3, 4, 5]
        assert curve[-1].value == pytest.approx(cell.metrics["validation"][rank])
    assert rise(summary, summary["mlp"]) is not None
    assert not any("without a learning curve" in found.title for found in findings(summary))
