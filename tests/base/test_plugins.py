"""Members that other packages add: found, lazy, named when they are broken, never in the way of our own."""

import logging

import pytest

from qml.backends import BACKENDS, EXECUTORS
from qml.base.errors import ConfigError
from qml.base.registry import Registry


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Another package that adds four members, one of them broken, one under a name that is taken."""
    (tmp_path / "elsewhere_machines.py").write_text("LOADED = True\n\ndef make(size=1):\n    return ['mine', size]\n")
    (tmp_path / "elsewhere_broken.py").write_text("import no_such_package_at_all\n")
    info = tmp_path / "elsewhere-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(
        "[qml.backends]\nmine = elsewhere_machines:make\nbroken = elsewhere_broken:make\n"
        "absent = elsewhere_machines:nothing\nours = elsewhere_machines:make\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def registry(package):
    registry = Registry("backend", group="qml.backends")
    registry.add("ours", lambda: "ours")
    return registry


def test_members_of_other_packages_are_found_and_made(registry, caplog):
    caplog.set_level("WARNING", "qml")
    assert {"ours", "mine", "broken", "absent"} <= set(registry)
    assert registry["mine"](size=3) == ["mine", 3]
    assert registry["ours"]() == "ours"
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "elsewhere 2.1 adds 'ours'" in caplog.text


def test_nothing_is_imported_before_it_is_called(registry):
    import sys

    sys.modules.pop("elsewhere_machines", None)
    assert "mine" in registry
    assert "elsewhere_machines" not in sys.modules
    registry["mine"]()
    assert "elsewhere_machines" in sys.modules


@pytest.mark.parametrize(("name", "reason"), [("broken", "no_such_package_at_all"), ("absent", "nothing")])
def test_a_broken_one_names_itself(registry, name, reason):
    with pytest.raises(ConfigError, match=rf"'{name}' is the entry point .* of elsewhere 2.1 .*{reason}"):
        registry[name]()


def test_a_misspelt_name_is_offered_those_of_others(registry):
    with pytest.raises(ConfigError, match="Did you mean 'mine'"):
        registry["mines"]


def test_a_table_without_a_group_asks_nobody(package):
    assert list(Registry("backend")) == []


def test_both_tables_have_their_group():
    assert (EXECUTORS.group, BACKENDS.group) == ("qml.executors", "qml.backends")
