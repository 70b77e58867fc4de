"""The job end to end on small files: what is written is what the saved transform gives, and nothing gets lost."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.csv as pc
import pyarrow.parquet as pq

from qml.base.errors import ConfigError, DataError
from qml.base.files import file_digest
from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan
from qml.data.etl.rows import feature_rows, raw_rows
from qml.data.fitted import from_state
from qml.data.manifest import MANIFEST, parse_manifest
from qml.data.transforms import Chain, Impute, OneHot, Standardise

RULES = (
    ColumnRule(["size"], required=True, least=-100),
    ColumnRule(["age"], "int", least=0),
    ColumnRule(["kind"], "string", pattern="[a-z]"),
    ColumnRule(["who"], "string", role="group"),
    ColumnRule(["open"], "string", role="target"),
)
BROKEN = {
    "1,2,a": "the line does not parse",
    "1,2,a,p,yes,6": "the line does not parse",
    "big,2,a,p,yes": "size: no number",
    "1f,2,a,p,yes": "size: no number",
    "0x1p3,2,a,p,yes": "size: no number",
    "inf,2,a,p,yes": "size: not finite",
    "1,10000000000000000000,a,p,yes": "age: beyond what 64 bits hold",
    "-101,2,a,p,yes": "size: below -100",
    ",2,a,p,yes": "size: missing",
    "1,2.5,a,p,yes": "age: no whole number",
    "1,-2,A,p,yes": "age: below 0; kind: not of the pattern",
    "1,2,a,,yes": "who: missing",
    "1,2,a,p,maybe": "open: none of the classes",
    "1,2,a,p,": "open: missing",
}


def lines(n, seed, people=40):
    draw = np.random.default_rng(seed)
    for row in range(n):
        age = "" if row % 7 == 0 else str(draw.integers(0, 90))
        kind = "?" if row % 11 == 0 else draw.choice(list("aaaabbbccd"))
        yield f"{draw.normal(3, 2):.3f},{age},{kind},p{draw.integers(people)},{draw.choice(['yes', 'no'])}"


def shops(path, **further):
    target = TargetPlan(classes={"no": ["no"], "yes": ["yes"]}, name="is_open")
    given = {"split": Division("group", seed=3), "features": FeaturePlan(categories=3), **further}
    return Preparation("shops", Reading(str(path)), RULES, target, **given)


def write(path, *groups):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("size,age,kind,who,open\n" + "".join(f"{line}\n" for group in groups for line in group))


def tables(out, manifest):
    files = manifest.parts.items()
    return {part: pa.concat_tables(pq.read_table(out / item.path) for item in items) for part, items in files}


@pytest.fixture(scope="module")
def done(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shops") / "a folder"
    write(folder / "raw/one.csv", lines(400, 0), BROKEN)
    write(folder / "raw/deeper/two.csv", lines(300, 1))
    job = EtlJob(shops(folder / "raw"), str(folder / "out"), rows_per_group=100, rows_per_file=250)
    return folder, job, job.run()


def test_every_broken_row_is_kept_with_its_file_and_its_reason(done):
    folder, _, outcome = done
    (item,) = outcome.manifest.made["quarantine"]["files"]
    told = [json.loads(line) for line in (folder / "out" / item["path"]).read_text().splitlines()]
    assert {row["file"] for row in told} == {"one.csv"}
    assert sorted(row["reason"] for row in told) == sorted(BROKEN.values())
    for line, reason in BROKEN.items():
        values = ["" if value is None else value for value in line.split(",")]
        wanted = line if "parse" in reason else values
        found = [row["raw"] for row in told if row["reason"] == reason]
        if "parse" not in reason:
            found = [[value or "" for value in json.loads(raw).values()] for raw in found]
        assert wanted in found
    assert outcome.manifest.made["rows"] == {
        "read": 700 + len(BROKEN),
        "written": 700,
        "quarantined": len(BROKEN),
        "parts": {part: outcome.manifest.rows(part) for part in outcome.manifest.parts},
    }


def test_the_files_are_what_the_manifest_says(done):
    folder, _, outcome = done
    text = (folder / "out" / MANIFEST).read_text()
    assert str(folder) not in text
    manifest = parse_manifest(text, "here")
    assert manifest.digest == outcome.manifest.digest
    found = {file.relative_to(folder / "out").as_posix() for file in (folder / "out").rglob("*") if file.is_file()}
    listed = [item for items in manifest.parts.values() for item in items]
    assert found == {MANIFEST, "quarantine/part-00000.jsonl", *(item.path for item in listed)}
    for item in listed:
        path = folder / "out" / item.path
        footer = pq.read_metadata(path)
        assert (item.rows, item.nbytes, item.sha256) == (footer.num_rows, path.stat().st_size, file_digest(path))
        assert max(footer.row_group(number).num_rows for number in range(footer.num_row_groups)) <= 100
        assert footer.num_rows <= 250
    assert sum(item.path.startswith("train/") for item in listed) > 1
    assert {path.name for path in folder.iterdir()} == {"raw", "out"}


def test_the_parts_hold_whole_groups_and_every_row_once(done):
    folder, _, outcome = done
    people = {part: set(table["who"].to_pylist()) for part, table in tables(folder / "out", outcome.manifest).items()}
    assert set.union(*people.values()) == {f"p{number}" for number in range(40)}
    assert sum(map(len, people.values())) == 40
    assert all(people.values())


def raw_table(folder, manifest, part):
    """The good raw rows of the people of a part, by Arrow's own reader, in the order of the files written."""
    rows = [*lines(400, 0), *lines(300, 1)]
    text = "size,age,kind,who,open\n" + "\n".join(rows)
    options = pc.ConvertOptions(null_values=["", "?"], strings_can_be_null=True)
    table = pc.read_csv(pa.BufferReader(text.encode()), convert_options=options)
    people = pa.array(sorted(set(tables(folder / "out", manifest)[part]["who"].to_pylist())))
    return table.filter(pa.compute.is_in(table["who"], value_set=people))


def sorted_rows(rows):
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_the_written_features_are_those_of_the_saved_transform_to_the_bit(done, part):
    folder, _, _ = done
    manifest = parse_manifest((folder / "out" / MANIFEST).read_text(), "here")
    written = tables(folder / "out", manifest)[part]
    stored = np.stack([written[name].to_numpy() for name in manifest.features], axis=1)
    fresh = raw_table(folder, manifest, part)
    served = feature_rows(manifest, fresh)
    np.testing.assert_array_equal(sorted_rows(stored), sorted_rows(served))
    assert sorted(written["is_open"].to_pylist()) == sorted(value == "yes" for value in fresh["open"].to_pylist())
    assert served.dtype == stored.dtype == np.float32


def test_the_transform_is_that_of_the_training_rows(done):
    folder, _, outcome = done
    manifest = outcome.manifest
    assert manifest.features == ("size", "age", "age is missing", "kind=a", "kind=b", "kind=c", "kind=*")
    rows = raw_rows(manifest.columns, raw_table(folder, manifest, "train"))
    wanted = (
        Standardise().fit(rows[:, :1]),
        Chain(Impute(), Standardise()).fit(rows[:, 1:2]),
        OneHot(3).fit(rows[:, 2:]),
    )
    made = np.concatenate([one(rows[:, [place]]) for place, one in enumerate(wanted)], axis=1)
    np.testing.assert_allclose(from_state(manifest.transform)(rows), made, atol=2e-6)
    told = manifest.statistics["train"]
    np.testing.assert_allclose(told["size"]["mean"], rows[:, 0].mean(dtype="f8"), rtol=1e-9)
    assert told["age"]["missing"] == np.isnan(rows[:, 1]).sum()
    assert told["kind"]["distinct"] == 4


def test_the_same_job_keeps_its_result_and_another_never_overwrites_it(done):
    folder, job, outcome = done
    before = (folder / "out" / MANIFEST).read_bytes()
    again = job.run()
    assert again.kept
    assert "is kept" in str(again)
    assert f"{700 + len(BROKEN)} = written 700 + quarantined {len(BROKEN)}" in str(outcome)
    with pytest.raises(ConfigError, match="by another job"):
        replace(job, rows_per_file=100).run()
    train = folder / "out/train/part-00000.parquet"
    whole = train.read_bytes()
    try:
        train.write_bytes(whole[:-1])
        with pytest.raises(DataError, match=r"train/part-00000\.parquet has .* bytes where"):
            job.run()
        train.unlink()
        with pytest.raises(DataError, match=r"train/part-00000\.parquet is gone"):
            job.run()
    finally:
        train.write_bytes(whole)
    with pytest.raises(ConfigError, match="is no prepared folder"):
        replace(job, out=str(folder / "raw")).run()
    raw = folder / "raw/one.csv"
    text = raw.read_text()
    try:
        write(raw, lines(10, 5))
        with pytest.raises(ConfigError, match="of other raw files"):
            job.run()
    finally:
        raw.write_text(text)
    assert (folder / "out" / MANIFEST).read_bytes() == before


def test_test_rows_change_no_parameter_and_equal_test_rows_are_told_apart(spark, tmp_path, caplog):
    seen = list(lines(200, 0))
    split = Division("official", validation=0, files={"train": ["train.csv"], "test": ["test.csv"]}, distinct=True)
    made = []
    far = "900,9,z,new,yes"
    for number, test in enumerate(([*lines(30, 1), *lines(30, 1), *seen[:5], far], [*seen[:5], ",1,a,p,no"])):
        folder = tmp_path / str(number)
        write(folder / "train.csv", seen)
        write(folder / "test.csv", test)
        write(folder / "later.csv", [])
        made.append(EtlJob(shops(folder, split=split), str(folder / "out")).run().manifest)
    assert made[0].transform == made[1].transform
    assert made[0].columns == made[1].columns
    assert (made[0].rows("test"), made[0].rows("test_distinct")) == (66, 31)
    assert (made[1].rows("test"), made[1].made["rows"]["quarantined"]) == (5, 1)
    assert made[0].made["rows"]["written"] == 266
    assert set(made[1].parts) == {"train", "test"}
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [f"1 files below {tmp_path / '0'} are of no part" in message for message in told] == [True, False, False]
    assert "there is no part test_distinct" in told[-1]


@pytest.mark.parametrize(
    ("lines_of", "change", "words"),
    [
        (BROKEN, {}, r"14 of 14 rows .* break the schema: .*One of them"),
        ([*lines(20, 0), *BROKEN], {}, "etl.tolerated=0.1 is the share"),
        ([], {}, "has no rows"),
        (["1,2,a,p,yes"] * 9, {}, "part 'validation' has no rows|part 'test' has no rows|part 'train' has no rows"),
        (["1,,a,p%d,yes" % row for row in range(60)], {}, "'age' has no value in any of the"),  # noqa: UP031
    ],
    ids=["all broken", "too many broken", "empty", "a part empty", "a column all missing"],
)
def test_a_run_that_cannot_end_well_leaves_nothing(spark, tmp_path, lines_of, change, words):
    write(tmp_path / "raw/a.csv", lines_of)
    with pytest.raises(DataError, match=words):
        EtlJob(shops(tmp_path / "raw", **change), str(tmp_path / "out")).run()
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_columns_that_are_not_there_or_not_declared_are_named(spark, tmp_path):
    write(tmp_path / "raw/a.csv", lines(5, 0))
    rules = (ColumnRule(["sise"]), *RULES[1:])
    with pytest.raises(ConfigError, match=r"'sise' is not known\. Did you mean 'size'"):
        EtlJob(replace(shops(tmp_path / "raw"), columns=rules), str(tmp_path / "out")).run()
    with pytest.raises(DataError, match="does not name: age"):
        EtlJob(replace(shops(tmp_path / "raw"), columns=(RULES[0], *RULES[2:])), str(tmp_path / "out")).run()
    (tmp_path / "raw/b.csv").write_text("age,size,kind,who,open\n1,2,a,p,yes\n")
    with pytest.raises(DataError, match=r"header of .*b\.csv names other columns"):
        EtlJob(shops(tmp_path / "raw"), str(tmp_path / "out")).run()
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.slow
def test_a_full_disk_leaves_nothing(spark, tmp_path, monkeypatch):
    from qml.data.etl import writing

    def full(*_):
        raise OSError(28, "No space left on device", str(tmp_path))

    write(tmp_path / "raw/a.csv", lines(200, 0))
    monkeypatch.setattr(writing, "prepared_local", full)
    with pytest.raises(OSError, match="No space left"):
        EtlJob(shops(tmp_path / "raw"), str(tmp_path / "out")).run()
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize(
    ("name", "read", "refused"),
    [
        ("b.csv", {}, "each file has a header"),
        ("b.parquet", {"format": "parquet"}, "a Parquet file has an end"),
        ("b.csv", {"header": False, "names": ("size", "open")}, None),
        ("b.jsonl", {"format": "json"}, None),
    ],
)
def test_an_empty_file_is_told(tmp_path, caplog, monkeypatch, name, read, refused):
    monkeypatch.setattr(EtlJob, "_session", lambda *_: pytest.fail("Spark was started"))
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / name).touch()
    plan = Preparation("shops", Reading(str(tmp_path / "raw"), **read), (RULES[0], RULES[-1]), TargetPlan())
    job = EtlJob(plan, str(tmp_path / "out"))
    if refused:
        with pytest.raises(DataError, match=rf"{name} of it has 0 bytes, where {refused}"):
            job.run()
        return
    with pytest.raises(pytest.fail.Exception, match="Spark was started"):
        job.run()
    assert f"{name} has 0 bytes and gives no row" in caplog.text


def test_a_full_disk_is_that_of_the_result(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", str(tmp_path / "raw"))

    write(tmp_path / "raw/a.csv", lines(20, 0))
    monkeypatch.setattr(EtlJob, "_session", lambda *_: nullcontext())
    monkeypatch.setattr(EtlJob, "_prepared", full)
    with pytest.raises(OSError, match="No space left") as caught:
        EtlJob(shops(tmp_path / "raw"), str(tmp_path / "out")).run()
    assert caught.value.filename == str(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_damaged_file_is_named(spark, tmp_path):
    pq.write_table(pa.table({"size": [1.0], "open": ["yes"]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    rules = (RULES[0], RULES[-1])
    job = Preparation("shops", Reading(str(tmp_path / "*.parquet"), "parquet"), rules, TargetPlan())
    with pytest.raises(DataError, match=r"b\.parquet"):
        EtlJob(job, str(tmp_path / "out")).run()
    assert not (Path(tmp_path) / "out").exists()
