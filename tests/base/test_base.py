"""The foundation keeps its promises."""

import errno
import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from qml.base import bounds, errors, files, threads
from qml.base.digest import digest
from qml.base.extras import require
from qml.base.registry import Registry, unknown
from qml.base.seeds import derive, generator


def test_every_error_is_also_a_builtin():
    pairs = {
        errors.ShapeError: ValueError,
        errors.ProgramError: ValueError,
        errors.CapabilityError: NotImplementedError,
        errors.MissingExtraError: ImportError,
        errors.ConfigError: ValueError,
        errors.DataError: ValueError,
        errors.BudgetError: RuntimeError,
        errors.CheckpointError: RuntimeError,
    }
    for error, builtin in pairs.items():
        assert issubclass(error, errors.QmlError)
        assert issubclass(error, builtin)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (lambda: bounds.check_whole("fit", 1, depth=2.0), r"fit got depth=2\.0; give a whole number of at least 1\."),
        (lambda: bounds.check_whole("fit", 1, 4, width=2, depth=5), "depth=5; give a whole number of 1 to 4"),
        (lambda: bounds.check_whole("fit", 1, depth=True), "depth=True"),
        (lambda: bounds.check_wholes("fit", 1, widths="12"), "widths='12'; give a list of whole numbers"),
        (lambda: bounds.check_wholes("fit", 1, widths=()), r"widths=\(\); give a list .* of at least 1, one or more"),
        (lambda: bounds.check_wholes("fit", 0, 9, digits=[3, 11]), r"digits=\[3, 11\]; .* of 0 to 9"),
        (lambda: bounds.check_number("fit", above=0, C=0), "C=0; give a finite number above 0"),
        (lambda: bounds.check_number("fit", least=0, noise=-1e-9), "noise=-1e-09; give a finite number of at least 0"),
        (lambda: bounds.check_number("fit", offset=float("inf")), r"offset=inf; give a finite number\."),
        (lambda: bounds.check_number("fit", offset="x"), "offset='x'"),
        (lambda: bounds.check_word(("own", "shared"), pairs=[1]), "pairs .* is not known. Known: own, shared"),
    ],
)
def test_settings_out_of_their_bounds_are_refused(check, words):
    with pytest.raises(errors.ConfigError, match=words):
        check()


def test_settings_within_their_bounds_pass():
    bounds.check_whole("fit", 1, 4, depth=np.int64(4), width=1)
    bounds.check_wholes("fit", 0, seeds=(0, 1), others=range(3))
    bounds.check_number("fit", least=0, noise=0, margin=np.float32(0.5))
    bounds.check_word(("own", "shared"), pairs="own")


def test_registry_names_the_near_one():
    table: Registry[int] = Registry("model/circuit")
    table.add("sel", 1)
    table.add("iqp", 2)
    with pytest.raises(errors.ConfigError, match=r"'sell' is not known. Did you mean 'sel'\? Known: iqp, sel"):
        table["sell"]
    with pytest.raises(errors.ConfigError, match="registered already"):
        table.add("sel", 3)
    assert table.get("none") is None
    assert "sel" in table
    assert list(table) == ["sel", "iqp"]


LONG = ["wine", "digits", *(f"set_{number}" for number in range(20))]


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("own", ["wine", "digits"], "table 'own' is not known. Known: digits, wine."),
        ("cpu_s", ["plugins", "arms"], "table 'cpu_s' is not known. Known: arms, plugins."),
        ("perez", ["perez_salinas", "hur_qcnn"], "Did you mean 'perez_salinas'? Known"),
        ("", ["wine"], "table '' is not known. Known: wine."),
        ("wnie", LONG, "Did you mean 'wine'? The nearest of 22: wine, "),
        ("hedgehog", LONG, "All are listed by `list(table)`."),
    ],
)
def test_an_unknown_name_is_told_with_what_is_alike_and_no_more(name, known, said):
    text = str(unknown("table", name, known, listing="list(table)"))
    assert said in text
    assert len(text) < 200


@pytest.mark.parametrize("seed", ["a", 1.5, None, [0]])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(errors.ConfigError, match="a seed is an integer, such as 0"):
        derive(seed, "weights")
    assert derive(np.int64(3), "weights") == derive(3, "weights")


def test_a_folder_of_results_is_made_or_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "shut").mkdir(mode=0o500)
    assert files.made_folder("out", tmp_path / "a" / "b").is_dir()
    for folder in ("file", "file/below"):
        with pytest.raises(
            errors.ConfigError, match=rf"out={tmp_path}/{folder} .*{tmp_path}/file is a file. Name a folder"
        ):
            files.made_folder("out", tmp_path / folder)
    with pytest.raises(errors.ConfigError, match=r"out=/proc/nowhere was to be made; the system said: .*Name a folder"):
        files.made_folder("out", "/proc/nowhere")
    if os.geteuid():
        with pytest.raises(errors.ConfigError, match="it cannot be written to"):
            files.made_folder("out", tmp_path / "shut")


def test_a_missing_package_is_named_with_its_pip_line():
    with pytest.raises(errors.MissingExtraError, match=r'pip install "qml-hybrid\[torch\]"'):
        require("a_package_that_is_not_there", extra="torch", purpose="The torch layer")


@dataclass(frozen=True)
class Point:
    x: float
    y: tuple[int, ...] = ()
    label: str = field(default="", compare=False)


def test_digest_depends_on_the_value_and_nothing_else():
    assert digest(Point(0.1, (1, 2), "a")) == digest(Point(0.1, (1, 2), "b"))
    assert digest(Point(0.1)) != digest(Point(0.1 + 1e-17 + 1e-16))
    assert digest(np.arange(3)) != digest(np.arange(3.0))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest(1) != digest("1")
    assert digest(True) != digest("True")
    with pytest.raises(TypeError, match="not defined"):
        digest(object())


def test_digest_is_the_same_in_another_process():
    code = "from qml.base.digest import digest; print(digest({'a': (1, 2.5, None), 'b': {'x', 'y'}}))"
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert other.stdout.strip() == digest({"a": (1, 2.5, None), "b": {"x", "y"}})


def test_seeds_are_pure_and_never_zero():
    drawn = [derive(seed, "a", k) for seed in range(50) for k in range(20)]
    assert len(set(drawn)) == len(drawn)
    assert all(1 <= d < 2**31 for d in drawn)
    assert np.array_equal(generator(3, "x").normal(size=4), generator(3, "x").normal(size=4))
    assert not np.array_equal(generator(3, "x").normal(size=4), generator(3, "y").normal(size=4))


def test_threads_follow_the_environment(monkeypatch):
    monkeypatch.setenv("QML_THREADS", "1")
    assert threads.default_threads() == 1
    monkeypatch.delenv("QML_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads.default_threads() == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())  # as it is while torch is being imported
    assert threads.default_threads() == threads.available_cores()


def test_threads_follow_torch_where_it_is_loaded(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("QML_THREADS", raising=False)
    monkeypatch.setattr(threads, "available_cores", lambda: 8)
    torch = SimpleNamespace(get_num_threads=lambda: 3)
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert threads.default_threads() == 3
    with threads.kept_threads():
        torch.get_num_threads = lambda: 1
        assert threads.default_threads() == 3
    assert threads.default_threads() == 1
    monkeypatch.setenv("QML_THREADS", "2")
    assert threads.default_threads() == 2


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container_counts(files, cores, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert threads.cpu_quota(tmp_path) == cores


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})

    def fail():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "disk full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_text().strip().startswith("{")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(path, {"a": float("nan")})
