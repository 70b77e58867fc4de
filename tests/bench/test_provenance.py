"""The revision is that of this code, or none: never that of a repository that the package merely lies in."""

import subprocess
from pathlib import Path

import pytest

from qml.bench import provenance

OURS = '[project]\nname = "qml-hybrid"\n'


def repository(folder, project):
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    if project is not None:
        (folder / "pyproject.toml").write_text(project)
    return folder


@pytest.mark.parametrize(
    ("project", "ours"), [(OURS, True), ('[project]\nname = "thesis"\n', False), ("not toml", False), (None, False)]
)
def test_only_a_repository_of_this_project_counts(tmp_path, project, ours):
    assert provenance.is_checkout(repository(tmp_path / "repository", project)) is ours


def test_a_copy_inside_a_repository_of_somebody_else_does_not_count(tmp_path):
    inner = repository(tmp_path / "thesis", '[project]\nname = "thesis"\n') / "vendored"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(OURS)
    assert not provenance.is_checkout(inner)


def test_an_installed_package_names_no_revision(tmp_path, monkeypatch):
    root = repository(tmp_path / "thesis", '[project]\nname = "thesis"\n')
    monkeypatch.setattr(provenance, "__file__", str(root / "venv/site-packages/qml/bench/provenance.py"))
    assert provenance.revision.__wrapped__() is None


def test_this_checkout_names_its_own():
    root = Path(provenance.__file__).resolve().parents[2]
    if (root / ".git").exists():
        assert len((provenance.revision() or "").partition("+")[0]) == 40
