"""What real files are like: other encodings, spellings, numbers far from zero, rare classes, links, doubled names."""

import os
import subprocess
import sys

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq

from qml.base.errors import DataError
from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan
from qml.data.etl.rows import feature_rows

pytestmark = pytest.mark.slow  # a Spark of its own
FAR = 1_700_000_000
RULES = (
    ColumnRule(["when", "size"]),
    ColumnRule(["town"], "string"),
    ColumnRule(["code"], "int", kind="category"),
    ColumnRule(["flag"], "bool", required=True),
    ColumnRule(["part"], "float", role="part"),
    ColumnRule(["kind"], "string", role="target"),
)
SPLIT = Division("official", test=0, validation=0.3, values={"train": [0, 1], "test": [2]}, distinct=True)
TARGET = TargetPlan(classes={"rare": ["k0"], "second": ["k1"]}, rest="other")


def line(row, part, kind):
    town = ["Zürich", "Zörich", "*", "Bern"][row % 4]
    return f"{FAR + row},{row},{town},{['1', '01', '2.0', '2'][row % 4]},{['yes', 'no'][row % 2]},{part},{kind}"


def by_inputs(table, features):
    rows = np.stack([table[name].to_numpy() for name in features], axis=1)
    return {row.tobytes() for row in rows}


@pytest.fixture(scope="module")
def made(spark, tmp_path_factory):
    from qml.data.etl import run

    folder = tmp_path_factory.mktemp("edges")
    train = [line(row, row % 2, f"k{row % 40}") for row in range(60)]
    test = [line(row, 2, "k5") for row in range(40, 80)] + [line(row, 2, "k6") for row in range(40, 80)]
    broken = [",".join(["x"] * count + train[0].split(",")[count:]) for count in (1, 1, 2)] + [
        line(0, 3, "k1"),
        line(0, 0, ""),
    ]
    text = "when,size,town,code,flag,part,kind\n" + "\n".join([*train, *test, *broken]) + "\n"
    (folder / "raw.csv").write_bytes(text.encode("latin-1"))
    read = Reading(str(folder / "raw.csv"), encoding="iso-8859-1")
    plan = Preparation("edges", read, RULES, TARGET, SPLIT, FeaturePlan(categories=10), tolerated=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "MOST_CLASSES", 3)
        patch.setattr(run, "MOST_REASONS", 2)
        outcome = EtlJob(plan, str(folder / "out[1]")).run()  # brackets are a pattern for Spark
    return folder, outcome.manifest


def part(made, name):
    folder, manifest = made
    return pa.concat_tables(pq.read_table(folder / "out[1]" / item.path) for item in manifest.parts[name])


def test_rows_and_reasons_and_classes_add_up(made):
    _, manifest = made
    assert manifest.rows("train") + manifest.rows("validation") == 60
    assert manifest.rows("test") == 80
    reasons = manifest.made["quarantine"]["reasons"]
    assert sum(reasons.values()) == manifest.made["rows"]["quarantined"] == 5
    assert list(reasons) == ["when: no number", "kind: missing", "other reasons"]
    for name, classes in manifest.made["classes"].items():
        assert sum(classes.values()) == manifest.rows(name)
        found = np.bincount(part(made, name)["kind"].to_numpy(), minlength=3)
        assert list(classes.values()) == found.tolist()
    assert manifest.made["classes"]["test"] == {"rare": 0, "second": 0, "other": 80}


def test_distinct_test_rows_are_of_no_other_part_and_each_once_a_class(made):
    _, manifest = made
    seen = by_inputs(part(made, "train"), manifest.features) | by_inputs(part(made, "validation"), manifest.features)
    distinct = by_inputs(part(made, "test_distinct"), manifest.features)
    assert not seen & distinct
    assert manifest.rows("test_distinct") == len(distinct) == 20


def test_numbers_far_from_zero_stay_apart_and_categories_of_every_name_are_kept(made):
    _, manifest = made
    when = np.concatenate([part(made, name)["when"].to_numpy() for name in ("train", "validation")])
    assert len(np.unique(when)) == 60
    train = part(made, "train")["when"].to_numpy()
    np.testing.assert_allclose([train.mean(dtype="f8"), train.std(dtype="f8")], [0, 1], atol=1e-5)
    towns = [name for name in manifest.features if name.startswith("town=")]
    assert towns == ["town=*", "town=Bern", "town=Zörich", "town=Zürich", "town=**"]
    assert [column.categories for column in manifest.columns if column.name == "code"] == [("1", "2")]


def served(manifest, **changed):
    row = {"when": [FAR], "size": [1.0], "town": ["Bern"], "code": [2], "flag": [True]} | changed
    return feature_rows(manifest, pa.table(row))[0]


def test_serving_knows_the_spellings_of_training(made):
    _, manifest = made
    usual = served(manifest)
    for code in ("2", "02", "2.0"):
        np.testing.assert_array_equal(served(manifest, code=[code]), usual)
    np.testing.assert_array_equal(served(manifest, code=[2.0]), usual)
    for flag in ("yes", "T", "1"):
        np.testing.assert_array_equal(served(manifest, flag=[flag]), usual)
    np.testing.assert_array_equal(served(manifest, flag=[1]), usual)
    assert (served(manifest, flag=["no"]) != usual).any()
    assert np.isfinite(served(manifest, size=[None])).all()
    with pytest.raises(DataError, match="'flag' holds 'maybe'"):
        served(manifest, flag=["maybe"])
    for huge in (1e39, float("-inf")):
        with pytest.raises(DataError, match=r"'size' holds .* in row 0, which is not finite"):
            served(manifest, size=[huge])


def test_text_of_another_encoding_and_classes_of_numbers(spark):
    from qml.data.etl.checking import REASON, checked_frame
    from qml.data.etl.reading import BROKEN, FILE

    rules = (
        ColumnRule(["town"], "string"),
        ColumnRule(["code"], kind="category"),
        ColumnRule(["open"], "int", role="target"),
    )
    plan = Preparation("edges", Reading("raw"), rules, TargetPlan(classes={"yes": [1]}, rest="no"))
    rows = [("Bern", "1.0", "1", None, "a"), ("Z\ufffdrich", "0.5", "01", None, "a"), ("Bern", "1", "0", None, "a")]
    frame = spark.createDataFrame(rows, f"town string, code string, open string, {BROKEN} string, {FILE} string")
    found = checked_frame(frame, plan).collect()
    assert [row[REASON] for row in found] == [None, "town: not in UTF-8", None]
    assert [row["open"] for row in found] == ["yes", "yes", "no"]
    assert [row["code"] for row in found] == ["1", "0.5", "1"]


def test_medians_are_exact_and_times_are_cut_by_shares(spark, monkeypatch):
    from qml.data.etl import medians
    from qml.data.etl.dividing import _last_moments

    draw = np.random.default_rng(3)
    columns = {
        "odd": draw.normal(size=1001),
        "even": np.concatenate([draw.normal(-5, 1, 1000), [np.nan]]),
        "far": 1e9 + draw.integers(0, 60, 1001),
    }
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    monkeypatch.setattr(medians, "AT_ONCE", 2)
    shift = np.float32([0, 0, 1e9])
    frame = spark.createDataFrame(table).repartition(3)
    wanted = [
        np.nanmedian((values - away).astype(np.float32)) for values, away in zip(columns.values(), shift, strict=True)
    ]
    np.testing.assert_array_equal(medians.medians(frame, list(columns), shift), np.float32(wanted))
    times = spark.createDataFrame(pa.table({"time": [1.0, 2.0, 2.0, 2.0, 3.0]}))
    assert _last_moments(times, [0.2, 0.3, 0.8, 0.9]) == [1.0, 2.0, 2.0, 3.0]


def test_files_in_two_parts_doubled_columns_and_doubled_keys_are_named(spark, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("size,size,open\n1,2,yes\n")
    rules = (ColumnRule(["size"]), ColumnRule(["open"], "string", role="target"))

    def refused(words, read, **further):
        with pytest.raises(DataError, match=words):
            EtlJob(Preparation("edges", read, rules, TargetPlan(), **further), str(tmp_path / "out")).run()

    split = Division("official", files={"train": ["[ab].csv"], "test": ["b.csv"]})
    refused(r"b\.csv is of the parts 'train' and 'test'", Reading(str(tmp_path)), split=split)
    refused(r"names the column 'size' 2 times, at places 1, 2", Reading(str(tmp_path / "a.csv")))
    (tmp_path / "a.json").write_text('{"size": 1, "open": "yes"}\n{"size": 1, "size": 2, "open": "no"}\n')
    refused(r"a\.json.*has the key 'size' twice, in line 2", Reading(str(tmp_path / "a.json"), "json"))


@pytest.mark.slow
def test_a_java_that_ends_is_told_with_the_way_out(tmp_path):
    """A process of its own with a Java of its own, which is killed between two stages, as when memory ends."""
    pq.write_table(pa.table({"size": np.arange(100.0), "open": ["yes", "no"] * 50}), tmp_path / "a.parquet")
    code = (
        "import logging, sys\n"
        "from pyspark import SparkContext\n"
        "from qml.data.etl import ColumnRule, EtlJob, Preparation, Reading, TargetPlan, run\n"
        "count = run._count\n"
        "def killed(*args):\n"
        "    proc = SparkContext._gateway.proc; proc.kill(); proc.wait()\n"
        "    return count(*args)\n"
        "run._count = killed\n"
        "rules = ColumnRule(['size']), ColumnRule(['open'], 'string', role='target')\n"
        "plan = Preparation('s', Reading(sys.argv[1] + '/a.parquet', 'parquet'), rules, TargetPlan())\n"
        "EtlJob(plan, sys.argv[1] + '/out', master='local[1]').run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("qml.base.errors.CapabilityError: In the preparing of the parts")
    assert "Java has ended, most often because it had too little memory" in done.stderr.splitlines()[-1]
    assert "Java has ended before its time." in done.stderr
    assert os.listdir(tmp_path) == ["a.parquet"]
