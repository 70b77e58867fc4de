"""`python -m experiments.audit`: its findings, its status, and what it says to bad input."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from qml import config, schema
from qml.base.errors import ConfigError
from qml.bench.audit_job import AuditJob
from qml.bench.results_row import FIELDS
from tests.bench.audit.tables import write

ROOT = Path(__file__).resolve().parents[2]
HEAD = ("arm", "data", "n_test", "test")
SOUND = [("svm", "wine", 60, "[0.9, 0.85]"), ("mlp", "wine", 60, "[0.8, 0.75]")]


def audit(tmp_path, *arguments):
    command = [sys.executable, "-m", "experiments.audit", *arguments, f"hydra.run.dir={tmp_path / 'hydra'}"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_status_says_whether_a_finding_is_severe(tmp_path):
    path = write(tmp_path / "sound.csv", SOUND, HEAD)
    done = audit(tmp_path, f"path={path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing severe in 2 rows" in done.stdout
    path = write(tmp_path / "bad.csv", [*SOUND, ("knn", "wine", 60, "[0.970833, 0.85]")], HEAD)
    done = audit(tmp_path, f"path={path}", f"out={tmp_path / 'out'}")
    assert done.returncode == 2
    assert "1 row with a test score that no split of its size can give" in done.stdout
    told = json.loads((tmp_path / "out/audit.json").read_text())
    assert told["status"] == 2
    assert told["sections"][0]["findings"][0]["places"] == ["bad.csv:4 (knn, wine)"]
    assert done.stdout.endswith(f"\n\n{tmp_path}/out/audit.md\n{tmp_path}/out/audit.json\n")
    assert "**1 row with a test score" in (tmp_path / "out/audit.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["path=/nowhere.csv"], "there is no such file"),
        ([], "path is not given"),
        (["path=x", "prest=bowles"], "Did you mean 'preset'"),
        (["path=x", f"out={__file__}"], "is a file. Name a folder"),
    ],
)
def test_bad_input_is_one_paragraph(tmp_path, arguments, message):
    done = audit(tmp_path, *arguments)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_samples_are_compared(tmp_path):
    table = write(tmp_path / "sound.csv", SOUND, HEAD)
    rows = write(tmp_path / "train.csv", [(1.0, 2.0, 0), (3.0, 4.0, 1)], ("a", "b", "label"))
    outcome = AuditJob(str(table), train_rows=str(rows), test_rows=str(rows)).run()
    assert outcome.status == 2
    assert "The test rows are the training rows" in str(outcome)
    with pytest.raises(ConfigError, match="Give both, or none"):
        AuditJob(str(table), train_rows=str(rows))


def test_the_entry_is_built():
    job = config.build(["path=a.csv", "columns.arm=model", "columns.data=[set,kind]"], "audit")
    assert type(job) is AuditJob
    assert {name: column for name, column in job.columns.items() if column} == {"arm": "model", "data": ["set", "kind"]}
    assert [field.name for field in dataclasses.fields(schema.ColumnsConfig)] == list(FIELDS)
    with pytest.raises(ConfigError, match="Did you mean 'n_test'"):
        config.build(["path=a.csv", "columns.n_tst=n"], "audit")
