"""Credentials on a command line or in a configuration are refused, and said and written nowhere."""

import pytest

from experiments import entry
from qml import config
from qml.base.errors import ConfigError
from qml.config import composing, credentials

WORD = "ab/cdSECRETWORD"
URL = f"s3://AKIAXYZ:{WORD}@bucket/rows"
STORAGE = [
    "+data.options.storage_options={secret: SECRETWORD}",
    "+data.options.storage_options.secret=SECRETWORD",
    "++data.options={path: 's3://bucket/rows', storage_options: {secret: SECRETWORD}}",
    "+data.options.secret=SECRETWORD",
    "+data.options.aws_secret_access_key=SECRETWORD",
]
LINES = {
    "train": [
        ["data=parquet", f"data.options.path={URL}"],
        ["data=parquet", f"data.options.path={{train: '{URL}'}}"],
        *[["data=parquet", "data.name=a", "data.options.path=s3://bucket/rows", word] for word in STORAGE],
    ],
    "inspect": [["data=parquet", "data.name=a", "data.options.path=s3://bucket/rows", STORAGE[0]]],
    "benchmark": [["data=parquet", "data.name=a", "data.options.path=s3://bucket/rows", STORAGE[1]]],
    "hardware": [
        ["backend=ibm", "backend.options.device=ibm_x", "+backend.options.token=SECRETWORD"],
        ["backend=ibm", "backend.options.device=ibm_x", f"+backend.options.account={'SECRETWORD' * 4}"],
        ["backend=ibm", "+backend.options={device: ibm_x, token: SECRETWORD}"],
        ["backend=ibm", "+backend.options={device: ibm_x, account: " + "SECRETWORD" * 4 + "}"],
    ],
    "etl": [
        ["etl=kddcup99", "out=prepared", f"etl.read.path={URL}"],
        ["etl=kddcup99", "etl.read.path=raw", "out='https://host/prepared?sig=SECRETWORD'"],
        ["etl=kddcup99", "etl.read.path=raw", "out=prepared", "+spark={spark.hadoop.fs.s3a.secret.key: SECRETWORD}"],
    ],
}


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, lines in LINES.items() for words in lines])
def test_a_command_line_with_credentials_is_refused_before_hydra_writes(name, words, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("sys.argv", [name, *words])
    with pytest.raises(SystemExit):
        entry.run(name, lambda config: pytest.fail("it ran"))
    said = " ".join(capfd.readouterr().err.split())
    assert said.startswith("ConfigError:")
    assert "written beside results" in said
    assert "SECRETWORD" not in said
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="written beside results") as caught:
        config.compose(words, name)
    assert "SECRETWORD" not in str(caught.value)
    monkeypatch.setattr(composing, "check_words", lambda words: None)  # as from a file of the user's
    with pytest.raises(ConfigError, match="written beside results") as caught:
        config.build(words, name)
    assert "SECRETWORD" not in str(caught.value)


def test_options_of_a_storage_are_refused_before_a_plus_is_advised():
    words = ["data=parquet", "data.options.path=s3://bucket/rows", "data.options.storage_options.secret=SECRETWORD"]
    with pytest.raises(ConfigError, match=r"^data\.options\.storage_options was given in a configuration") as caught:
        config.compose(words, "train")
    assert "SECRETWORD" not in str(caught.value)


def test_a_secret_of_an_option_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("A_NAME", "SECRETWORD")
    words = ["data=parquet", "data.name=a", "data.options.path=rows", "+data.options.token=${oc.env:A_NAME}"]
    credentials.check_values(config.compose(words, "train"), {})


def test_a_secret_of_spark_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("A_NAME", "SECRETWORD")
    words = ["etl=kddcup99", "etl.read.path=raw", "out=prepared", '+spark={spark.some.secret.key: "${oc.env:A_NAME}"}']
    assert config.build(words, "etl").spark == {"spark.some.secret.key": "SECRETWORD"}


def test_what_the_environment_holds_as_a_secret_is_no_word(monkeypatch):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "SECRETWORD")
    with pytest.raises(ConfigError, match="environment holds as a secret") as caught:
        credentials.check_words(["out=results/SECRETWORD"])
    assert "SECRETWORD" not in str(caught.value)
