"""Different data are different comparisons, and what cannot be meant is refused before any work."""

import shutil

import pytest

from qml import config
from qml.base.errors import ConfigError, DataError, ShapeError
from qml.data import CATALOGUE
from qml.estimators import data_choice
from qml.estimators.arms import arm_of, check
from qml.estimators.choices import Training
from qml.estimators.contents import catalogue_contents
from qml.estimators.data_choice import DataChoice
from qml.estimators.fits import step_fit
from qml.estimators.terms import Terms
from qml.models import Cnn, HybridSpec, Own, Signature
from tests.estimators import parts

HERE = "tests.estimators.parts"


def hash_of(**choice):
    return Terms("small", seeds=(0, 1)).protocol(DataChoice(**choice), Signature((3,), 2)).hash


def own(make, **options):
    return {"name": "mine", "make": f"{HERE}:{make}", "options": options}


def test_every_choice_about_the_data_is_a_protocol_of_its_own():
    chosen = [
        {"name": "wine"},
        {"name": "wine", "transforms": "none"},
        {"name": "wine", "how": "random"},
        {"name": "wine", "rows": 50},
        {"name": "wine", "hold_out": False},
        {"name": "breast_cancer"},
        own("first"),
        own("first", rows=80),
        own("first", rows=80, shift=2.0),
        own("second"),
        own("bare"),
        own("bare", shift=1.0),
    ]
    hashes = [hash_of(**choice) for choice in chosen]
    assert len(set(hashes)) == len(chosen)
    assert hashes == [hash_of(**choice) for choice in chosen]


@pytest.mark.parametrize("make", ["first", "bare"])
def test_the_contents_of_an_own_source_count_and_not_its_words(make, monkeypatch):
    before = hash_of(**own(make))
    other = parts.Bare(parts.second(0))
    monkeypatch.setattr(parts, make, lambda seed: other)
    data_choice._source.cache_clear()
    assert hash_of(**own(make)) != before
    data_choice._source.cache_clear()


def test_the_files_of_a_set_count_and_not_their_folder(tmp_path):
    entry = CATALOGUE["pima"]
    for root in ("one", "other"):
        for item in entry.files:
            path = tmp_path / root / entry.folder / item.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"the rows")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    (tmp_path / "other" / entry.folder / entry.files[0].file).write_bytes(b"other rows")
    found = {root: catalogue_contents("pima", str(tmp_path / root)) for root in ("one", "copy", "other")}
    assert found["one"] == found["copy"] != found["other"]


def test_two_runs_that_differ_in_transforms_share_no_cell(tmp_path):
    words = ["data=wine", "model=logistic", "protocol.seeds=[0]", "report=false", f"store={tmp_path}"]
    counts = [
        len(config.build([*words, f"data.transforms={transforms}"]).run(progress=False).ran)
        for transforms in ("auto", "none", "none")
    ]
    assert counts == [1, 1, 0]


def test_an_own_executor_is_part_of_who_a_contestant_is():
    def info(*words):
        job = config.build(["model.circuit.n_qubits=2", "arms=[logistic]", *words])
        return [arm.info.config for arm in job.contestants(Signature((4,), 2), False)]

    make = ["backend=own", "backend.make=qml.backends:executor_named"]
    plain, one, other = (info(*words) for words in ([], [*make, "+backend.options.executor=engine_cpu"], make))
    assert plain[0] != one[0] != other[0]
    assert plain[1] == one[1] == other[1]


@pytest.mark.parametrize("words", [["protocol.trials=3"], ["protocol.patience=2"]])
def test_nothing_is_chosen_on_rows_that_were_trained_on(words):
    with pytest.raises(ConfigError, match=r"data\.hold_out=false"):
        config.build(["data.hold_out=false", *words])
    config.build(["data.hold_out=false"])


def test_patience_needs_rows_held_out_in_training_too():
    with pytest.raises(ConfigError, match=r"patience=3 was asked for with data\.hold_out=false"):
        config.build(["data.hold_out=false", "patience=3"], "train")


def test_an_own_source_is_not_asked_what_it_cannot_hear():
    with pytest.raises(ConfigError, match=r"data\.options\.rows"):
        DataChoice("mine", make=f"{HERE}:first", rows=10)
    with pytest.raises(ConfigError, match="plain data"):
        DataChoice("mine", make=f"{HERE}:first", options={"table": object()})
    assert DataChoice(**own("first", shift=1.0)).source(0).schema.sizes["train"] == 36
    listed = DataChoice(**own("first", names=["a", "b"]))
    assert hash(listed) == hash(DataChoice(**own("first", names=["a", "b"])))


@pytest.mark.parametrize("make", ["untrained", "declared"])
def test_a_source_without_training_rows_is_refused(make, tmp_path):
    words = ["data=own", f"data.make={HERE}:{make}", "plugins=[tests]", f"folder={tmp_path}"]
    with pytest.raises(DataError, match=r"no row there\. Its splits"):
        config.build(words, "train").run(progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (Own(f"{HERE}:wide"), ShapeError, r"input_shape \(13,\)"),
        (Own(f"{HERE}:fitting", {"widht": 3}), ConfigError, "widht"),
        (Cnn(), ShapeError, "need images"),
    ],
)
def test_features_are_tried_before_any_work(features, error, message):
    with pytest.raises(error, match=message):
        arm_of(HybridSpec(features).on(Signature((13,), 3)), Training(), name="hybrid")


def test_features_that_fit_pass():
    check(HybridSpec(Own(f"{HERE}:fitting", {"width": 4})).on(Signature((2, 5), 3)))


def test_training_does_not_begin_with_features_of_the_wrong_width(tmp_path):
    words = ["data=wine", "model/features=own", f"model.features.make={HERE}:wide", "plugins=[tests]"]
    with pytest.raises(ShapeError, match="tried on rows of the data"):
        config.build([*words, f"folder={tmp_path}"], "train").run(progress=False)
    assert not list(tmp_path.iterdir())


def test_checkpoint_frequency_reaches_the_fit_and_changes_no_identity():
    often, seldom = (config.build([f"training.checkpoint_every_s={s}"]).training for s in (5, "null"))
    spec = HybridSpec().on(Signature((4,), 2))
    assert step_fit(spec, often).checkpoint_every_s == 5
    assert step_fit(spec, seldom).checkpoint_every_s is None
    assert step_fit(spec, Training()).checkpoint_every_s == 30
    assert arm_of(spec, often, name="a").info.config == arm_of(spec, seldom, name="a").info.config
    with pytest.raises(ConfigError, match=r"training\.checkpoint_every_s is 0"):
        config.build(["training.checkpoint_every_s=0"])


def test_wine_is_the_same_whatever_the_folder(monkeypatch):
    monkeypatch.setenv("QML_DATA", "/nowhere")
    assert hash_of(name="wine") == hash_of(name="wine", root="/elsewhere")
