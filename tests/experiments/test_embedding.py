"""`python -m experiments.embedding`: the bank is kept, the second run computes nothing, trained weights are taken."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from qml import config
from qml.base.errors import ConfigError, DataError
from qml.data import make_source, whole
from qml.estimators.banked import banked_source
from qml.estimators.embedding_job import EmbeddingJob
from qml.models.backbone import frozen
from qml.models.features import Cnn, Identity, Mlp

ROOT = Path(__file__).resolve().parents[2]


def job(tmp_path, *overrides) -> EmbeddingJob:
    return config.build(["data=wine", f"bank={tmp_path / 'bank'}", "features.widths=[16]", *overrides], "embedding")


def test_the_second_run_computes_nothing(tmp_path):
    first, second = (job(tmp_path, "k=3", "queries=4").run() for _ in range(2))
    assert "computed now" in str(first)
    assert "read from the bank, nothing computed" in str(second)
    assert second.scores == first.scores
    assert second.scores["inputs"] > 0.9 > 0.5 > second.scores["without looking"]
    assert second.neighbours.rows.shape == (4, 3)
    assert "class_0" in str(second)
    assert list(second.banked.schema.sizes) == ["train", "validation", "test"]
    assert job(tmp_path, "seed=1").run().banked.info["bank"]["folder"] != first.banked.info["bank"]["folder"]


def test_the_vote_on_features_is_that_of_scikit_learn(tmp_path):
    banked = job(tmp_path).run().banked
    train, test = whole(banked, "train"), whole(banked, "test")
    theirs = KNeighborsClassifier(5).fit(train.inputs, train.targets).score(test.inputs, test.targets)
    assert abs(job(tmp_path).run().scores["features"] - theirs) < 0.06  # a tie may go another way: 36 test rows
    source = make_source("wine", seed=0)
    assert np.allclose(frozen(Mlp((16,)), (13,))(whole(source, "test").inputs), test.inputs, atol=1e-6)


def test_a_number_and_images(tmp_path):
    found = job(tmp_path, "data=diabetes").run()
    assert "explained variance" in str(found)
    assert found.scores["without looking"] == 0
    assert found.scores["inputs"] > 0.2
    with pytest.raises(ConfigError, match="both start at 1"):
        job(tmp_path, "k=0")
    with pytest.raises(ConfigError, match="Did you mean 'cosine'"):
        job(tmp_path, "metric=cosin")


def test_the_weights_of_a_trained_model_are_taken(tmp_path):
    trained = config.build(
        [
            *("data=wine", "epochs=2", "model.circuit.n_qubits=3", "model/features=mlp", "model.features.widths=[16]"),
            *(f"folder={tmp_path / 'train'}", "tensorboard=false"),
        ],
        "train",
    ).run()
    found = job(tmp_path, f"weights={trained.folder}").run()
    assert found.banked.info["bank"]["folder"] != job(tmp_path).run().banked.info["bank"]["folder"]
    rows = whole(make_source("wine", seed=0), "test").inputs
    from qml.models.networks import outputs

    assert np.allclose(outputs(trained.fitted.model.features, rows), found.banked.part("test").features, atol=1e-6)
    with pytest.raises(ConfigError, match="Choose the features that it was trained with"):
        job(tmp_path, f"weights={trained.folder}", "features.widths=[8]").run()
    with pytest.raises(ConfigError, match="holds no trained model"):
        job(tmp_path, f"weights={tmp_path}").run()


def test_a_random_backbone_is_by_its_seed():
    same, again, other = (frozen(Cnn((4,), 8), (1, 8, 8), seed=seed).digest for seed in (0, 0, 1))
    assert same == again != other
    rows = np.random.default_rng(0).normal(size=(5, 1, 8, 8)).astype(np.float32)
    backbone = frozen(Cnn((4,), 8), (1, 8, 8))
    alone = np.concatenate([backbone(rows[i : i + 1]) for i in range(5)])
    assert np.allclose(backbone(rows), alone, atol=1e-6)  # a row's features do not depend on its neighbours
    assert frozen(Identity(), (13,)).width == 13


def test_a_bank_is_a_data_set_like_any_other(tmp_path):
    options = {"data": "wine", "features": "mlp", "features_options": {"widths": [6]}, "bank": str(tmp_path)}
    source = banked_source(2, **options, validation=0.3)
    assert source.schema.input_shape == (6,)
    assert source.info["bank"]["computed"]
    assert not banked_source(2, **options, validation=0.3).info["bank"]["computed"]
    with pytest.raises(ConfigError, match="Did you mean 'mlp'"):
        banked_source(2, **{**options, "features": "mpl"})
    (next(tmp_path.glob("wine-*")) / "test" / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="its checksum differs"):
        banked_source(2, **options, validation=0.3)


def test_a_comparison_on_a_bank(tmp_path):
    outcome = config.build(
        [
            *("data=banked", "data.options.data=wine", f"data.options.bank={tmp_path / 'bank'}", "model=knn"),
            *("protocol=smoke", f"store={tmp_path / 'store'}", f"out={tmp_path / 'out'}", "report=false"),
        ]
    ).run()
    outcome.check()
    assert len(list((tmp_path / "bank").glob("wine-*"))) >= 1


def test_the_command(tmp_path):
    command = [sys.executable, "-m", "experiments.embedding", "data=wine", f"bank={tmp_path / 'bank'}", "metric=cosine"]
    done = subprocess.run([*command, f"hydra.run.dir={tmp_path}"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "accuracy of the vote of the 5 nearest training rows" in done.stdout
    assert "faiss" not in done.stdout + done.stderr
