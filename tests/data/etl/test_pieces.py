"""The pieces that need no Java: rows of numbers, sums, files of this machine, the folder beside, words for trouble."""

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.data.etl.beside import temporary_beside
from qml.data.etl.places import fingerprint, local_files
from qml.data.etl.rows import Applied, Coding, feature_rows, raw_rows
from qml.data.fitted import Affine, Branched, Filled, OneHotCoded
from qml.data.manifest import Manifest
from qml.data.source import Column

COLUMNS = (Column("size", "number"), Column("kind", "category", ("corner", "mall")))


def test_rows_are_numbers_and_codes_whatever_the_arrow_type():
    table = pa.table({"kind": ["mall", "kiosk", None], "size": pa.array([1, None, 3], pa.int8())})
    np.testing.assert_array_equal(raw_rows(COLUMNS, table), np.array([[1, 1], [np.nan, np.nan], [3, np.nan]], "f4"))
    coded = table.set_column(0, "kind", table["kind"].dictionary_encode())
    np.testing.assert_array_equal(raw_rows(COLUMNS, coded), raw_rows(COLUMNS, table))


def test_codes_are_compared_as_numbers_and_a_required_number_must_be_there():
    columns = (Column("id", "category", ("9007199254740992", "9007199254740993")), Column("rate", "category", ("0.5",)))
    table = pa.table({"id": ["09007199254740993", None], "rate": pa.array([0.5, 1], pa.float32())})
    wanted = np.array([[1, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(raw_rows(columns, table, {"id": "int", "rate": "float"}), wanted)
    chained = Branched(((0,), (1,)), (Affine(np.float32([0]), np.float32([1])), Filled(np.float32([7]), ())))
    numbers = (Column("size", "number"), Column("age", "number"))
    manifest = Manifest("shops", ("size", "age"), numbers, None, {}, transform=chained.state())
    given = pa.table({"size": pa.array([1, 2], pa.int8()), "age": pa.array([None, 3.0])})
    np.testing.assert_array_equal(feature_rows(manifest, given), np.float32([[1, 7], [2, 3]]))
    with pytest.raises(DataError, match="'size' has no value in row 1; it was required"):
        feature_rows(manifest, given.set_column(0, "size", pa.array([1.0, None])))


def test_rows_of_another_schema_are_refused_by_name():
    with pytest.raises(DataError, match="'size' is not there"):
        raw_rows(COLUMNS, pa.table({"kind": ["mall"]}))
    with pytest.raises(DataError, match="'size' is to hold a number"):
        raw_rows(COLUMNS, pa.table({"kind": ["mall"], "size": [[1.0]]}))


def test_a_batch_becomes_features_target_and_kept_columns():
    affine = Affine(np.float32([1.0]), np.float32([2.0]))
    fitted = Branched(((0,), (1,)), (affine, OneHotCoded(((0, 1),))))
    names = ("size", "kind=corner", "kind=mall", "kind=*")
    applied = Applied(COLUMNS, fitted.state(), names, ("open", "is_open", Coding(("no", "maybe"))), ("who",))
    batch = pa.record_batch({"who": ["a", None], "size": [2.0, 3.0], "kind": ["mall", "x"], "open": ["no", "maybe"]})
    (made,) = applied(iter([batch]))
    assert made.schema.names == [*names, "is_open", "who"]
    assert made.schema.types[:5] == [pa.float32()] * 4 + [pa.int64()]
    assert made.to_pydict() == {
        "size": [2.0, 4.0],
        "kind=corner": [0.0, 0.0],
        "kind=mall": [1.0, 0.0],
        "kind=*": [0.0, 1.0],
        "is_open": [0, 1],
        "who": ["a", None],
    }


def test_a_target_without_a_class_is_named():
    with pytest.raises(DataError, match="holds 'maybe'"):
        Coding(("no",))(pa.array(["no", "maybe"]))


def test_files_are_listed_as_spark_sees_them(tmp_path):
    for name in ("b.csv", "deep/a.csv", "_SUCCESS", ".hidden.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [name for _, (name, _, _) in local_files(str(tmp_path))] == ["b.csv", "deep/a.csv"]
    assert [name for _, (name, _, _) in local_files(str(tmp_path / "*.csv"))] == ["b.csv"]
    (tmp_path / "deep/linked").symlink_to(tmp_path.parent / f"{tmp_path.name} elsewhere")
    (tmp_path / "deep/linked").resolve().mkdir()
    (tmp_path / "deep/linked/c.csv").write_text("c")
    (tmp_path / "deep/linked/back").symlink_to(tmp_path / "deep/linked")
    assert [name for _, (name, _, _) in local_files(str(tmp_path))] == ["b.csv", "deep/a.csv", "deep/linked/c.csv"]
    with pytest.raises(DataError, match="there is no file"):
        local_files(str(tmp_path / "none*"))


def test_a_fingerprint_sees_each_change():
    files = [("a", 1, 10), ("b", 2, 20)]
    same = fingerprint(reversed(files))
    assert same == fingerprint(files)
    for other in ([("a", 1, 11), files[1]], [("a", 3, 10), files[1]], [("c", 1, 10), files[1]], files[:1]):
        assert fingerprint(other)["digest"] != same["digest"]


def test_what_a_killed_run_left_is_removed_and_a_living_one_is_not_disturbed(tmp_path):
    out = tmp_path / "out"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom qml.data.etl.beside import temporary_beside\n"
        "with temporary_beside(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half').write_text('x'); print(folder, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True) as other:
        left = Path(other.stdout.readline().strip())
        with pytest.raises(ConfigError, match="another process"), temporary_beside(out):
            pass
        assert (left / "half").exists()
        other.kill()
    assert (left / "half").exists()
    with temporary_beside(out) as folder:
        assert set(os.listdir(tmp_path)) == {folder.name, ".out.etl.lock"}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["run[1]", "a**b", "out"])
def test_one_run_at_a_time_whatever_the_name(tmp_path, name):
    other = tmp_path / f".{name}.etl-later.etl-1"  # of a run for another folder
    other.mkdir()
    dead = tmp_path / f".{name}.etl-1"
    dead.mkdir()
    with temporary_beside(tmp_path / name) as folder:
        with pytest.raises(ConfigError, match="another process"), temporary_beside(tmp_path / name):
            pass
        assert folder.is_dir()
        assert not dead.exists()
    assert os.listdir(tmp_path) == [other.name]


@pytest.mark.parametrize("error", [ConnectionRefusedError("[Errno 111]"), EOFError()])
def test_a_java_that_is_gone_is_no_raw_error(error):
    pytest.importorskip("pyspark")
    from qml.data.etl.trouble import told

    with pytest.raises(CapabilityError, match=r"In the work: Java has ended.*memory=4g"), told("the work", "out"):
        raise error


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Caused by: java.io.IOException: No space left on device", OSError, "No space left"),
        (
            "CSV header does not conform to the schema.\nCSV file: file:/b.csv.",
            DataError,
            "header of file:/b.csv names",
        ),
        ("java.lang.OutOfMemoryError: Java heap space", CapabilityError, "memory=4g"),
        ("ModuleNotFoundError: No module named 'qml'", CapabilityError, "qml-hybrid[spark]"),
        ('UnsupportedFileSystemException: No FileSystem for scheme "s3a"', CapabilityError, "spark.jars.packages"),
        ("AccessDeniedException: s3a://me:word@bucket/a.csv: 403 Forbidden", DataError, "is denied"),
        ("RuntimeException: file:/b.parquet is not a Parquet file. tail [1]", DataError, "b.parquet is not a Parquet"),
    ],
)
def test_trouble_of_spark_is_said_in_our_words(text, kind, words):
    pytest.importorskip("pyspark")
    from qml.data.etl.trouble import translated

    error = translated(text, "the reading of raw", "s3a://me:word@bucket/a.csv")
    assert isinstance(error, kind)
    assert words in str(error)
    assert "word@" not in str(error)
    assert not isinstance(error, OSError) or error.errno == errno.ENOSPC


def test_the_traceback_of_an_interrupt_is_not_logged(caplog):
    java_gateway = pytest.importorskip("py4j.java_gateway")
    from qml.data.etl.session import ends_quietly

    class Interrupted(java_gateway.GatewayClient):
        def _get_connection(self):
            raise KeyboardInterrupt("SIGTERM")

    with ends_quietly(), pytest.raises(KeyboardInterrupt):
        Interrupted().send_command("c")
    logging.getLogger().error("something else")
    assert caplog.messages == ["something else"]


def test_no_java_is_said_before_anything_starts(monkeypatch, tmp_path):
    pytest.importorskip("pyspark")
    from qml.data.etl.session import java

    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(CapabilityError, match="no java in JAVA_HOME"):
        java()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CapabilityError, match="Install one"):
        java()


def test_sums_of_pieces_are_the_sums_of_the_whole():
    pytest.importorskip("pyspark")
    from qml.data.etl.sums import Moments, Summed

    values = np.random.default_rng(0).normal(1e4, 1.0, 1000).astype(np.float32)
    total = sum((Moments.of(piece) for piece in np.array_split(values, 7)), Moments())
    assert total.n == 1000
    np.testing.assert_allclose(
        [total.mean, total.spread], [values.mean(dtype="f8"), values.std(dtype="f8")], rtol=1e-12
    )
    assert (total.least, total.greatest) == (values.min(), values.max())
    batch = pa.record_batch({"a": pa.array([1.0, None, 3.0], pa.float32()), "b": ["x", "x", None]})
    (sums,) = Summed(("a",), ("b",))(iter([batch, batch]))
    found = {(row["column"], row["value"]): row for row in sums.to_pylist()}
    assert found[None, None]["n"] == 6
    assert found["b", "x"]["n"] == 4
    assert (found["a", None]["n"], found["a", None]["mean"], found["a", None]["m2"]) == (4, 2.0, 4.0)
