"""Files behind URLs: in memory, and in a local server that speaks the protocol of S3."""

import logging

import fsspec
import numpy as np
import pytest

from qml.base.errors import ConfigError, DataError
from qml.contracts import check_source
from qml.data import ParquetSource, whole
from qml.data.stream.places import Place

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYSECRETKEY"


def same_as_local(url, prepared, **options):
    here = ParquetSource.open(str(prepared), buffer_rows=128)
    there = ParquetSource.open(url, buffer_rows=128, **options)
    assert there.schema.digest == here.schema.digest
    for a, b in zip(here.batches("train", 32, seed=1), there.batches("train", 32, seed=1), strict=True):
        assert np.array_equal(a.inputs, b.inputs)
        assert np.array_equal(a.rows, b.rows)
    return there


def test_a_folder_in_memory(prepared):
    system = fsspec.filesystem("memory")
    system.put(str(prepared), "/sets/prepared", recursive=True)
    try:
        source = same_as_local("memory://sets/prepared", prepared)
        check_source(source, size=16).raise_if_failed()
        part = {"train": "memory://sets/prepared/train", "test": "memory://sets/prepared/test/part-0.parquet"}
        assert ParquetSource.open(part, target="label").schema.sizes == {"train": 450, "test": 60}
        with pytest.raises(ConfigError, match=r"workers=2; it lies in the memory of this process"):
            ParquetSource.open("memory://sets/prepared", workers=2)
        with pytest.raises(DataError, match=r"memory://sets/nowhere was to be read .* no .parquet file"):
            ParquetSource.open("memory://sets/nowhere")
        data = system.cat_file("/sets/prepared/test/part-0.parquet")
        system.pipe_file("/sets/prepared/test/part-0.parquet", data[:-9])
        with pytest.raises(DataError, match=r"memory://sets/prepared/test/part-0\.parquet has"):
            ParquetSource.open("memory://sets/prepared")
    finally:
        system.rm("/sets", recursive=True)


@pytest.fixture(scope="module")
def s3():
    pytest.importorskip("s3fs", reason="reads s3:// URLs")
    moto = pytest.importorskip("moto.server", reason="a local server that speaks the protocol of S3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    options = {"key": "someone", "secret": SECRET, "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    fsspec.filesystem("s3", **options).mkdir("sets")
    yield options
    server.stop()


def test_a_bucket(prepared, s3, caplog):
    fsspec.filesystem("s3", **s3).put(str(prepared), "sets/prepared", recursive=True)
    with caplog.at_level(logging.DEBUG, logger="qml"):
        source = same_as_local("s3://sets/prepared", prepared, storage_options=s3)
    assert whole(source, "test").inputs.shape == (60, 3)
    assert SECRET not in caplog.text
    assert SECRET not in repr(source) + repr(source.reader) + str(source.info) + str(source.schema)


@pytest.mark.slow
def test_processes_read_from_a_bucket(prepared, s3):
    pytest.importorskip("torch")
    fsspec.filesystem("s3", **s3).put(str(prepared), "sets/again", recursive=True)
    assert same_as_local("s3://sets/again", prepared, storage_options=s3, workers=1).workers == 1


def test_a_bucket_that_needs_credentials(s3, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = {"client_kwargs": s3["client_kwargs"], "skip_instance_cache": True}
    with pytest.raises(
        DataError, match=r"s3://sets/prepared/manifest\.json was asked for; .*credentials.*AWS_ACCESS_KEY_ID"
    ):
        ParquetSource.open("s3://sets/prepared", storage_options=options)


class Refusing(fsspec.AbstractFileSystem):
    """Refuses everything, and tells what it was opened with, as careless servers do."""

    protocol = "refusing"

    def __init__(self, **options):
        super().__init__(**options)
        self.given = options

    def find(self, path, **options):
        raise PermissionError(f"403 for {self.given}")

    def open(self, path, *arguments, **options):
        raise FileNotFoundError(path)


def test_secrets_are_never_printed(caplog):
    fsspec.register_implementation("refusing", Refusing, clobber=True)
    with pytest.raises(DataError) as caught:
        ParquetSource.open(f"refusing://someone:{SECRET}@host/rows", storage_options={"token": SECRET})
    text = str(caught.value) + caplog.text
    assert "credentials at hand (PermissionError)" in text
    assert "refusing://host/rows" in text
    assert SECRET not in text
    assert caught.value.__suppress_context__
    assert SECRET not in repr(Place("refusing://host", {"token": SECRET}))


@pytest.mark.parametrize("scheme", ["s3", "s3a", "gs"])
@pytest.mark.parametrize("several", [False, True])
def test_a_user_in_the_url_of_a_bucket_is_refused(scheme, several):
    url = f"{scheme}://someone:{SECRET}@bucket/rows"
    with pytest.raises(ConfigError, match=f"{scheme}://bucket/rows was given with a user.*storage_options=") as caught:
        ParquetSource.open({"train": url, "test": url} if several else url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"s3://AKIAXYZ:ab/cd{SECRET}@bucket/rows", "rows"),
        (f"https://host/rows.parquet?X-Amz-Signature={SECRET}", "rows"),
        (f"memory://someone:{SECRET}@x", "x"),
    ],
)
def test_a_place_shows_no_secret(url, name):
    place = Place(url)
    assert place.name == name
    assert SECRET not in repr(place) + place.shown() + place.shown("train/a.parquet") + place._told(OSError(url))


def test_schemes_that_nobody_knows():
    with pytest.raises(DataError, match=r"nonsense:// is no file system"):
        ParquetSource.open("nonsense://host/rows")
