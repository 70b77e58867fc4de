"""Other ways in and out: JSON, Parquet, URLs, PCA; parts that depend on what a row holds and on nothing else."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq

from qml.base.errors import DataError
from qml.base.files import file_digest
from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan
from qml.data.etl.rows import feature_rows, raw_rows
from qml.data.manifest import MANIFEST, parse_manifest
from qml.data.transforms import PCA

RULES = (
    ColumnRule(["size", "weight"], required=True),
    ColumnRule(["when"], "timestamp", role="time"),
    ColumnRule(["price"], "float", role="target"),
)


def things(n=400):
    draw = np.random.default_rng(1)
    size = draw.normal(size=n).astype(np.float32)
    return pa.table(
        {
            "size": size,
            "weight": (size + draw.normal(size=n) / 3).astype(np.float32),
            "when": pa.array(np.arange(n) // 2 * 1_000_000, pa.timestamp("us")),
            "price": draw.normal(size=n).astype(np.float32),
        }
    )


@pytest.mark.slow
def test_by_moments_into_a_url_with_pca(spark, tmp_path):
    rows = things()
    (tmp_path / "raw").mkdir()
    pq.write_table(rows.slice(200), tmp_path / "raw/late.parquet")
    pq.write_table(rows.slice(0, 200), tmp_path / "raw/early.parquet")
    split = Division("time", test=0.25, validation=0.25)
    read = Reading(f"file://{tmp_path}/raw", "parquet")
    plan = Preparation("things", read, RULES, TargetPlan("number"), split, FeaturePlan(pca=2))
    job = EtlJob(plan, f"file://{tmp_path}/out")
    manifest = job.run().manifest
    assert parse_manifest((tmp_path / "out" / MANIFEST).read_text(), "here").digest == manifest.digest
    files = {part: [tmp_path / "out" / item.path for item in items] for part, items in manifest.parts.items()}
    parts = {part: pa.concat_tables(map(pq.read_table, found)) for part, found in files.items()}
    assert {part: len(found) for part, found in parts.items()} == {"train": 200, "validation": 100, "test": 100}
    moments = {part: found["when"].to_pylist() for part, found in parts.items()}
    assert max(moments["train"]) < min(moments["validation"])
    assert max(moments["validation"]) < min(moments["test"])
    for items in manifest.parts.values():
        for item in items:
            path = tmp_path / "out" / item.path
            assert (item.nbytes, item.sha256) == (path.stat().st_size, file_digest(path))
    train = feature_rows(manifest, rows.slice(0, 200))
    written = parts["train"]
    stored = np.stack([written[name].to_numpy() for name in ("pc_0", "pc_1")], axis=1)
    order = np.argsort(train[:, 0]), np.argsort(stored[:, 0])
    np.testing.assert_allclose(train[order[0]], stored[order[1]], atol=1e-6)
    scaled = raw_rows(manifest.columns, rows.slice(0, 200))
    scaled = (scaled - scaled.mean(axis=0)) / scaled.std(axis=0)
    wanted = PCA(2).fit(scaled)(scaled)  # of two columns of one spread both entries are largest: either sign is right
    np.testing.assert_allclose(np.abs(wanted), np.abs(train), atol=1e-4)
    assert job.run().kept
    assert {path.name for path in tmp_path.iterdir() if not path.name.endswith(".crc")} == {"raw", "out"}


def test_parts_and_checks_do_not_depend_on_where_a_row_lies(spark, tmp_path):
    from qml.data.etl.checking import REASON, checked_frame
    from qml.data.etl.dividing import divided
    from qml.data.etl.reading import PART, named, raw_frame

    draw = np.random.default_rng(2)
    lines = [{"size": str(draw.integers(50)), "open": bool(draw.integers(2)), "who": int(row)} for row in range(600)]
    lines[7] = {"size": "1.0", "open": True, "who": 2**53 + 1}
    lines[8] = {"size": "1", "who": -1, "open": None}
    rules = (ColumnRule(["size"]), ColumnRule(["open"], "bool", role="target"), ColumnRule(["who"], "int", role="key"))
    found = []
    for number, orders in enumerate(([lines], [lines[300:][::-1], lines[:300]])):
        folder = tmp_path / str(number)
        folder.mkdir()
        for place, part in enumerate(orders):
            text = "".join(json.dumps(line) + "\n" for line in part)
            (folder / f"{place}.json").write_text(text + ('{"size": ' if not place else ""))
        plan = Preparation("things", Reading(str(folder), "json"), rules, TargetPlan(), Division(seed=5))
        frame = checked_frame(raw_frame(spark, plan), plan)
        rows = divided(frame, plan, named(REASON).isNull()).collect()
        found.append({row["who"]: (row["size"], row["open"], row[PART], row[REASON]) for row in rows})
    assert found[0] == found[1]
    assert len(found[0]) == 601
    assert found[0][-1][3] == "open: missing"
    assert found[0][None][3] == "the line does not parse"
    assert found[0][2**53 + 1][:2] == (1.0, "true")
    by_size = {}
    for size, _, part, reason in found[0].values():
        if reason is None:
            by_size.setdefault(size, set()).add(part)
    assert all(len(parts) == 1 for parts in by_size.values())
    assert set.union(*by_size.values()) == {"train", "validation", "test"}


@pytest.mark.slow
def test_killed_it_leaves_nothing_under_the_name_and_starts_anew(spark, tmp_path):
    """A process of its own with a Java of its own, killed inside the writing of the checked rows."""
    (tmp_path / "raw").mkdir()
    pq.write_table(things(20_000), tmp_path / "raw/a.parquet")
    plan = [f"etl.read.path={tmp_path}/raw", "etl.read.format=parquet", "etl.name=things", f"out={tmp_path}/out"]
    columns = (
        "[{names:[size,weight],required:true},{names:[when],type:timestamp,role:time},{names:[price],role:target}]"
    )
    further = [f"etl.columns={columns}", "etl.target.kind=number", f"hydra.run.dir={tmp_path}/hydra"]
    command = [sys.executable, "-m", "experiments.etl", "etl=own", *plan, *further]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as job:
        for _ in range(2400):
            if list(tmp_path.glob(".out.etl-*/made/checked")) or job.poll() is not None:
                break
            time.sleep(0.05)
        job.send_signal(signal.SIGKILL)
    left = [path.name for path in tmp_path.iterdir()]
    assert any(name.startswith(".out.etl-") for name in left)
    assert "out" not in left
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "interrupted" in done.stdout
    assert "read 20,000 = written 20,000 + quarantined 0" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "out", "hydra"}


def parquet_plan(raw):
    division = Division(test=0.2, validation=0.2)
    return Preparation("things", Reading(str(raw), "parquet"), RULES, TargetPlan("number"), division)


def test_parquet_files_of_sub_folders_are_read_too(spark, tmp_path):
    rows = things(200)
    (tmp_path / "raw/deeper").mkdir(parents=True)
    pq.write_table(rows.slice(0, 100), tmp_path / "raw/a.parquet")
    pq.write_table(rows.slice(100), tmp_path / "raw/deeper/b.parquet")
    made = EtlJob(parquet_plan(tmp_path / "raw"), str(tmp_path / "out")).run().manifest
    assert sum(made.rows(part) for part in made.parts) == 200


@pytest.mark.parametrize(
    "spoil", [lambda t: t.rename_columns(["Size", *t.column_names[1:]]), lambda t: t.drop("weight")]
)
def test_a_parquet_file_with_another_schema_is_named(spark, tmp_path, spoil):
    (tmp_path / "raw").mkdir()
    pq.write_table(things(50), tmp_path / "raw/a.parquet")
    pq.write_table(spoil(things(50)), tmp_path / "raw/b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet was to be read beside .*not there"):
        EtlJob(parquet_plan(tmp_path / "raw"), str(tmp_path / "out")).run()
    assert not (tmp_path / "out").exists()


def test_a_time_needs_its_date(spark):
    from qml.data.etl.checking import REASON, checked_frame
    from qml.data.etl.reading import BROKEN, FILE

    said = ["12:30", "2020", "2020-05", "2020-05-01", "2020-05-01T12:30:00Z", "2020-5-1 12:30"]
    frame = spark.createDataFrame(
        [(text, "1", "1", "1", None, "a") for text in said],
        f"when string, size string, weight string, price string, {BROKEN} string, {FILE} string",
    )
    reasons = [row[REASON] for row in checked_frame(frame, parquet_plan("raw")).select(REASON).collect()]
    assert reasons == ["when: no moment"] * 3 + [None] * 3


def test_classes_have_one_spelling(spark):
    from qml.data.etl.checking import checked_frame
    from qml.data.etl.reading import BROKEN, FILE

    for kind, said, wanted in (
        ("int", ["1", "1.0", "01", "0"], {"0", "1"}),
        ("bool", ["yes", "TRUE", "no", "0"], {"true", "false"}),
    ):
        rules = (ColumnRule(["size"]), ColumnRule(["open"], kind, role="target"))
        plan = Preparation("things", Reading("raw"), rules, TargetPlan())
        frame = spark.createDataFrame(
            [("1", text, None, "a") for text in said], f"size string, open string, {BROKEN} string, {FILE} string"
        )
        assert {row["open"] for row in checked_frame(frame, plan).collect()} == wanted
