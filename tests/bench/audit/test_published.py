"""The audit of the published study finds by itself what its re-run found, and nothing severe in sound rows."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from qml.bench.audit_job import AuditJob
from qml.bench.checks.copies import copied_rows, listed_twice
from qml.bench.checks.grid import off_the_grid
from qml.bench.checks.tables import TABLE_CHECKS, table_findings
from qml.bench.checks.training_scores import perfect_against_selection
from qml.bench.results_table import read_results
from tests.bench.audit.published import VERDICTS


@pytest.fixture(scope="module")
def table(published):
    return read_results(published[0], preset="bowles")


@pytest.fixture(scope="module")
def verdicts(table, published):
    """Verdict of each row by its number."""
    found = {}
    for row in table.rows:
        dataset, variant = row.data.split(" / ")
        found[row.number] = published[1][row.arm, dataset, variant, row.terms]
    return found


@pytest.fixture(scope="module")
def found(table):
    return table_findings(table)


def rows(found, level):
    return {number for finding in found if finding.level == level for number in finding.rows}


def with_status(verdicts, status):
    return {
        number
        for number, verdict in verdicts.items()
        if verdict["status"] == status and verdict["is_alias_duplicate"] == "False"
    }


def test_the_files_hold_no_verdict(published):
    for file in published[0].glob("*.csv"):
        with open(file, newline="") as text:
            assert not set(next(csv.reader(text))) & set(VERDICTS)


def test_every_alias_is_severe_and_nothing_else_is_a_copy(table, verdicts):
    aliases = {number for number, verdict in verdicts.items() if verdict["is_alias_duplicate"] == "True"}
    assert len(table.rows) == 2239
    assert len(aliases) == 422
    assert rows([*listed_twice(table), *copied_rows(table)], "severe") == aliases


def test_the_order_of_rows_decides_nothing_but_which_side_is_the_copy(table, verdicts):
    shuffled = np.random.default_rng(0).permutation(len(table.rows))
    copies = rows(copied_rows(replace(table, rows=tuple(table.rows[place] for place in shuffled))), "severe")
    aliases = {number for number, verdict in verdicts.items() if verdict["is_alias_duplicate"] == "True"}
    assert len(copies) == 422
    assert copies == aliases or not copies & aliases


def test_the_28_rows_off_the_grid_are_severe(table, verdicts, found):
    contaminated = with_status(verdicts, "CONTAMINATED_test_is_train")
    grid = next(finding for finding in found if "no split of its size can give" in finding.title)
    assert grid.level == "severe"
    assert len(grid.rows) == 28
    assert len(contaminated) == 32
    assert set(grid.rows) < contaminated
    assert "multiples of 1 / the size of the training split" in grid.text


def test_the_four_perfect_rows_are_suspect(table, verdicts, found):
    perfect = next(finding for finding in found if "without one error" in finding.title)
    assert perfect.level == "suspect"
    contaminated = with_status(verdicts, "CONTAMINATED_test_is_train")
    grid = next(finding for finding in found if "no split of its size can give" in finding.title)
    assert set(perfect.rows) == contaminated - set(grid.rows)
    by_number = {row.number: row for row in table.rows}
    assert [0.75 <= round(by_number[number].selection, 2) <= 0.89 for number in perfect.rows] == [True] * 4


def test_nothing_severe_among_the_sound_rows(verdicts, found):
    sound = with_status(verdicts, "ok")
    assert len(sound) == 1727
    assert not rows(found, "severe") & sound


def test_the_job_says_so(published, tmp_path):
    outcome = AuditJob(str(published[0]), preset="bowles", out=str(tmp_path)).run()
    assert outcome.status == 2
    assert "422 rows copied under another name ('manifold' for 'curves')" in (tmp_path / "audit.md").read_text()


def test_unequal_trials_and_missing_provenance_are_said(found):
    titles = [finding.title for finding in found]
    assert "Trials unequal between arms: 3 to 108" in titles
    assert any(title.startswith("Not recorded: versions of packages") for title in titles)


@pytest.mark.parametrize(
    "check", [copied_rows, off_the_grid, perfect_against_selection], ids=lambda check: check.__name__
)
def test_without_its_check_nobody_else_finds_it(table, found, check):
    others = table_findings(table, [other for other in TABLE_CHECKS if other is not check])
    own = [finding for finding in check(table) if finding.level in ("severe", "suspect")]
    assert own
    titles = {finding.title for finding in others}
    assert not titles & {finding.title for finding in own}


def test_verdict_columns_are_never_read(published, tmp_path, found):
    """Verdicts that say the opposite, beside the figures, change no finding."""
    for file in sorted(published[0].glob("*.csv")):
        with open(file, newline="") as text:
            lines = list(csv.DictReader(text))
        for line in lines:
            line.update(dict.fromkeys(VERDICTS, "CONTAMINATED_test_is_train"))
        with open(tmp_path / file.name, "w", newline="") as text:
            writer = csv.DictWriter(text, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    assert table_findings(read_results(tmp_path, preset="bowles")) == found
