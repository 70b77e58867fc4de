"""What the speed benchmark rests on: the reference, the hand-fused rivals, bounds and pinned environments."""

import importlib
import re

import numpy as np
import pytest

from benchmarks import bound, roofline
from benchmarks.agreement import disagreement, errors
from benchmarks.backends.peers import ROUTES
from benchmarks.circuit import program
from benchmarks.expected import expected
from benchmarks.peers import NAMES, peer_named
from benchmarks.peers.environments import REQUIREMENTS, missing, names
from benchmarks.workload import Size, numbers, ring_sources, signs
from qml.engine import reference


@pytest.mark.parametrize("size", [Size(3, 2, 5), Size(2, 1, 3), Size(4, 3, 2)], ids=str)
def test_the_expected_numbers_are_those_of_the_dense_reference(size):
    given, circuit = numbers(size), program(size)
    found = expected(size, given)
    values = reference.values(circuit, given.inputs_BD, given.weights_P)
    gradients = reference.gradients(circuit, given.inputs_BD, given.weights_P, given.cotangent_BK)
    np.testing.assert_allclose(found.values_BK, values, atol=1e-13)
    np.testing.assert_allclose(found.inputs_BD, gradients.inputs_BD, atol=1e-13)
    np.testing.assert_allclose(found.weights_P, gradients.weights, atol=1e-13)
    assert found.loss == pytest.approx(float((values * given.cotangent_BK).sum()), abs=1e-12)


def test_the_expected_numbers_do_not_depend_on_how_rows_are_cut(monkeypatch):
    size = Size(3, 2, 5)
    whole = expected(size, numbers(size))
    monkeypatch.setattr("benchmarks.expected.AMPLITUDES_AT_ONCE", 16)
    np.testing.assert_allclose(expected(size, numbers(size)).weights_P, whole.weights_P, atol=1e-13)


@pytest.mark.parametrize("name", ["hand-torch", "hand-jax", "qml-engine"])
def test_peers_of_this_environment_compute_the_right_numbers(name):
    size = Size(6, 3, 3)  # two groups of wires, and both directions in which the axes rotate
    pytest.importorskip(peer_named(name).packages[0].replace("qml-hybrid", "qml"))
    built = importlib.import_module(peer_named(name).module).build(size, numbers(size), "cpu")
    found = errors(size, built.answer(built.run()), expected(size, numbers(size)))
    assert disagreement(found) is None, found


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if peer_named(name).environment is None])
@pytest.mark.filterwarnings("ignore:jax.core.is_concrete is deprecated:DeprecationWarning")  # PennyLane's own calls
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype complex128:UserWarning")
def test_every_peer_of_this_environment(name):
    peer, size = peer_named(name), Size(3, 2, 4)
    built = importlib.import_module(peer.module).build(size, numbers(size), "cpu")
    found = errors(size, built.answer(built.run()), expected(size, numbers(size)))
    assert (disagreement(found) is None) == (peer.kind != "floor"), found


def test_the_ring_is_a_permutation_and_z_a_sign():
    assert sorted(ring_sources(5)) == list(range(32))
    assert signs(3)[0b011].tolist() == [1, -1, -1]


def test_flops_are_those_of_the_design():
    assert roofline.flops_of(Size(8, 4, 1024)) == 416 * 2**8 * 1024
    assert roofline.flops_of(Size(4, 2, 1024)) == 131 * 2**4 * 1024


def test_shares_of_a_roof():
    roof = roofline.Roof(flops=1e9, bytes=1e9, threads=1, cache=2**20)
    assert roofline.shares(Size(4, 2, 1024), 131 * 2**4 * 1024 / 1e9, roof) == (pytest.approx(1.0), None)
    _, memory = roofline.shares(Size(20, 4, 1), 1.0, roof)
    assert memory == pytest.approx(2**20 * 4 * 3 * 16 / 1e9)


def test_the_roof_of_this_machine():
    roof = roofline.measured_roof(1)
    assert 1e9 < roof.flops < 1e12
    assert 1e8 < roof.bytes < 1e12
    assert 1e9 < roofline.measured_flops("float64", 1) < 1e12


@pytest.mark.parametrize("name", NAMES)
def test_every_peer_is_described(name):
    peer = peer_named(name)
    assert peer.name == name
    assert peer.environment is None or peer.environment in names()
    assert callable(importlib.import_module(peer.module).build)


def test_an_unknown_peer_is_refused():
    with pytest.raises(ValueError, match="is not known"):
        peer_named("nobody")


def test_environments_are_pinned_and_used():
    elsewhere = {route.environment for route in ROUTES} | {"mitiq"}  # of other benchmarks
    assert set(names()) == {peer_named(name).environment for name in NAMES} - {None} | elsewhere
    for path in REQUIREMENTS.iterdir():
        for line in path.read_text().splitlines():
            assert line.startswith("#") or re.fullmatch(r"[\w.\-]+==[\w.]+", line), f"{path.name}: {line}"


def test_an_environment_that_was_not_made_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("QML_PEERS_DIR", str(tmp_path))
    assert missing(None) is None
    assert missing("qulacs") == "not installed: run `python -m benchmarks.peers`"
    (tmp_path / "qulacs").mkdir()
    (tmp_path / "qulacs" / "not-made").write_text("no wheel for this Python\n")
    assert missing("qulacs") == "not installed: no wheel for this Python"


@pytest.mark.parametrize("module", ["peers.__main__", "million", "plot", "roofline", "bound", "wide", "step"])
def test_commands_explain_themselves(module, capsys):
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(f"benchmarks.{module}").main(["--help"])
    assert stopped.value.code == 0
    assert len(capsys.readouterr().out) > 300


def test_every_piece_of_a_step_can_be_timed():
    pieces = bound.tile_pieces(Size(2, 1, 8))
    assert {"run_forward", "run_backward", "finish"} <= {piece.name for piece in pieces}
    assert all(piece.seconds > 0 for piece in pieces)


@pytest.mark.slow
def test_an_epoch_of_both_hybrids(capsys):
    from benchmarks import million

    arguments = ["--rows", "4096", "--data", "breast_cancer", "--qubits", "3", "--depth", "1", "--batch", "64"]
    assert million.main(arguments) == 0
    assert "rows a second, ours over PennyLane in JAX" in capsys.readouterr().out
