"""A report in its four forms, and reports of several stores: merged under one protocol, refused under two."""

import csv
import io
import json
from dataclasses import replace

import pytest

from qml.base.errors import DataError
from qml.bench.report import render
from qml.bench.store import Store


@pytest.fixture(scope="module")
def report(digits_store, tmp_path_factory):
    return render(digits_store, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def data(report):
    return json.loads(report.json_path.read_text())


def test_json_holds_the_numbers_of_the_summary(report, data):
    s = report.summary
    assert data["protocol"]["hash"] == s.protocol.hash
    assert data["verdict"]["state"] == s.state
    arms = {arm["key"]: arm for arm in data["arms"]}
    assert set(arms) == {arm.key for arm in s.arms}
    for arm in s.ranked:
        assert arms[arm.key]["score"]["mean"] == pytest.approx(s.estimate(arm).mean)
        assert arms[arm.key]["scores"] == {str(seed): pytest.approx(v) for seed, v in arm.scores.items()}
    for found, c in zip(data["comparisons"], (*s.comparisons, *s.beside), strict=True):
        assert (found["against"], found["word"]) == (c.against.key, c.word)
        assert found["difference"]["lo"] == pytest.approx(c.estimate.lo)
    assert [f["title"] for f in data["findings"]] == [f.title for f in report.findings]


def test_every_table_and_figure_is_a_csv_file_and_in_json(report, data):
    files = {path.stem: path for path in report.csv_folder.glob("*.csv")}
    wanted = {"scores", "comparisons", "cells", "trials", "findings", "commands"}
    wanted |= {"verdict", "slot", "ladder", "budget", "pareto"}
    assert wanted <= set(files) == set(data["tables"])
    for name, path in files.items():
        head, *rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        assert head == data["tables"][name]["columns"]
        assert rows == data["tables"][name]["rows"]
        assert all(len(row) == len(head) for row in rows)
    cells = list(csv.DictReader(io.StringIO(files["cells"].read_text())))
    assert len(cells) == len(report.summary.cells)
    assert len(data["tables"]["trials"]["rows"]) == 2 * len(cells)


def test_the_same_cells_give_the_same_data_files_and_old_ones_go(digits_store, report, tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "gone.csv").write_text("x\n")
    (tmp_path / "csv" / ".cells.csv.1.tmp").write_text("half")
    again = render(digits_store, tmp_path)
    assert again.json_path.read_bytes() == report.json_path.read_bytes()
    names = sorted(path.name for path in report.csv_folder.iterdir())
    assert sorted(path.name for path in again.csv_folder.iterdir()) == names
    for name in names:
        assert (again.csv_folder / name).read_bytes() == (report.csv_folder / name).read_bytes()


def part(store, folder, keep, change=lambda cell: cell):
    made = Store(folder)
    for cell in store:
        if keep(cell):
            made.finish(change(cell))
    return made


def test_two_stores_of_one_protocol_are_merged_each_cell_once(digits_store, report, tmp_path):
    first = part(digits_store, tmp_path / "a", lambda c: c.cell.seed < 2)
    second = part(digits_store, tmp_path / "b", lambda c: c.cell.seed > 0)
    both = render([first, second], tmp_path / "out")
    assert len(both.summary.cells) == len(report.summary.cells)
    assert both.html_path.read_bytes() == report.html_path.read_bytes()


def test_stores_of_different_protocols_are_not_merged(digits_store, tmp_path):
    def other(cell):
        protocol = replace(cell.protocol, epochs=7, trials=3)
        return replace(cell, protocol=protocol, cell=replace(cell.cell, protocol_hash=protocol.hash))

    first = part(digits_store, tmp_path / "a", lambda c: c.cell.seed == 0)
    second = part(digits_store, tmp_path / "b", lambda c: c.cell.seed == 1, other)
    with pytest.raises(DataError, match=r"differ in trials and epochs.*not comparable") as caught:
        render([first, second], tmp_path / "out")
    for cell in (*first, *second):
        assert cell.cell.protocol_hash in str(caught.value)
    assert not (tmp_path / "out" / "report.html").exists()
    hashes = [next(iter(store)).cell.protocol_hash for store in (first, second)]
    with pytest.raises(DataError, match=r"no cell|holds"):
        render([first, second], tmp_path / "out", protocol_hash=hashes[0])
    with pytest.raises(DataError, match="no cell"):
        render([first, Store(tmp_path / "empty")], tmp_path / "out")
    third = part(digits_store, tmp_path / "c", lambda c: c.cell.seed == 2)
    for cell in second:
        third.finish(cell)
    made = render([first, third], tmp_path / "out", protocol_hash=hashes[0])
    assert any("under another protocol" in finding.title for finding in made.findings)


def test_a_report_that_takes_the_place_of_other_terms_says_so(digits_store, fixed_store, tmp_path, caplog):
    for _ in range(2):
        first = render(digits_store, tmp_path).summary.protocol.hash
    assert "held the report" not in caplog.text
    second = render(fixed_store, tmp_path).summary.protocol.hash
    assert f"{tmp_path} held the report of protocol {first[:12]}, and has now that of {second[:12]}" in caplog.text
