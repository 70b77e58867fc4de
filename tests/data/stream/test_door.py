"""`data=parquet` on the command line: a folder of files trained on, and the same result for any number of workers."""

import pytest

from qml import config
from qml.base.errors import ConfigError
from qml.data.stream.door import parquet_source
from tests.data.stream.conftest import numbers, write

URL = "s3://someone:SECRET@bucket/rows"
SMALL = ["data=parquet", "data.name=small", "model.circuit.n_qubits=3", "tensorboard=false", "epochs=2"]


def trained(folder, out, *more):
    words = [*SMALL, f"data.options.path={folder}", f"folder={out}", "training.batch_size=32", *more]
    return config.build(words, "train").run(progress=False)


def test_a_prepared_folder_is_trained_on(prepared, tmp_path):
    pytest.importorskip("torch")
    first = trained(prepared, tmp_path / "runs")
    assert set(first.scores) == {"train", "validation", "test"}
    moved = prepared.rename(tmp_path / "moved")
    again = trained(moved, tmp_path / "runs", "data.options.verify=false")
    assert again.folder == first.folder, "where the files lie decides no number"
    assert again.scores == first.scores
    assert trained(moved, tmp_path / "runs", "data.options.buffer_rows=100").folder != first.folder


def test_a_raw_file_is_described_on_the_command_line(tmp_path):
    write(tmp_path / "rows.parquet", numbers(300))
    job = config.build(
        [
            "data=parquet",
            f"data.options.path={tmp_path}",
            "data.options.target=label",
            "data.options.shares={validation:0.1,test:0.2}",
            "data.options.drop=[c]",
            "data.options.transform=none",
        ],
        "train",
    )
    source = job.data.source(0)
    assert source.schema.sizes == {"train": 210, "validation": 30, "test": 60}
    assert source.schema.input_shape == (2,)
    assert source.fitted is None
    assert job.data.source(1).schema.digest != source.schema.digest


@pytest.mark.parametrize(
    ("option", "words"),
    [("storage_options", "Credentials come from the environment"), ("decoders", "open the source in Python")],
)
def test_what_a_configuration_should_not_hold(option, words):
    with pytest.raises(ConfigError, match=words):
        parquet_source(0, "rows", **{option: {"a": "b"}})


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("workers=two", "workers='two'; give a whole number of at least 0"),
        ("workers=1.5", "workers=1.5; give a whole number"),
        ("workers=-1", "workers=-1; give a whole number of at least 0"),
        ("buffer_rows=abc", "buffer_rows='abc'; give a whole number of at least 1"),
        ("buffer_rows=null", "buffer_rows=None; give a whole number"),
        ("verify=maybe", "verify='maybe'; give true or false"),
        ("shares=0.2", "shares=0.2; give a mapping: {part: share of the training rows}"),
        ("shares={test:many}", r"shares\.test='many'; give a finite number"),
        ("drop=a", r"drop='a'; give a list: \[a\]"),
        ("columns=a", r"columns='a'; give a list: \[a\]"),
        ("transform=log", "data.options.transform 'log' is not known"),
        ("+kinds=text", "kinds='text'; give a mapping: {column: kind}"),
        ("+parts=train", "parts='train'; give a mapping: {part: folder or file}"),
        ("+sample_rows=few", "sample_rows='few'; give a whole number of at least 1"),
    ],
)
def test_an_option_of_another_type_is_refused(raw, option, words):
    plus, name = "+" * option.startswith("+"), option.lstrip("+")
    told = [f"{plus}data.options.{name}", f"data.options.path={raw}"]
    job = config.build(["data=parquet", "data.name=small", "data.options.target=label", *told], "train")
    with pytest.raises(ConfigError, match=words):
        job.data.source(0)


@pytest.mark.parametrize("path", [URL, {"train": URL, "test": URL}])
def test_a_url_with_credentials_is_refused(path):
    with pytest.raises(ConfigError, match="given with credentials in the URL") as caught:
        parquet_source(0, path)
    assert "SECRET" not in str(caught.value)
