"""How far a benchmark has come, told in the log where there is no terminal."""

import logging

import pytest

from qml.estimators import tally
from qml.estimators.tally import Tally


@pytest.fixture
def lines(caplog, monkeypatch):
    caplog.set_level(logging.INFO, logger="qml")
    monkeypatch.setattr(tally, "SECONDS_BETWEEN_LINES", 0.0)
    return caplog


def test_the_log_tells_how_many_cells_are_done_and_what_was_said(lines):
    with Tally(4, done=1, title="wine", shown=False) as counted:
        counted.say("svm, seed 0: trial 1")
        counted.reach(2)
    first, second = lines.messages
    assert first == "svm, seed 0: trial 1"
    assert second.startswith("wine: 2 of 4 cells, 0 min so far, about")


def test_lines_come_once_a_minute_only(caplog):
    caplog.set_level(logging.INFO, logger="qml")
    with Tally(4, title="wine", shown=False) as counted:
        counted.reach(2)
    assert caplog.messages == []


def test_a_bar_takes_the_place_of_lines(lines, capsys):
    with Tally(4, title="wine", shown=True) as counted:
        counted.reach(3)
    assert lines.messages == []
    assert "wine: 75%" in capsys.readouterr().err.replace("  ", " ")


def test_nothing_is_said_of_the_rest_before_a_cell_was_run():
    with Tally(9, done=3, title="wine", shown=False) as counted:
        assert counted.line(60.0) == "wine: 3 of 9 cells, 1 min so far"
        counted.reach(4)
        assert counted.line(7200.0).endswith("4 of 9 cells, 2 h 0 min so far, about 10 h 0 min left")
