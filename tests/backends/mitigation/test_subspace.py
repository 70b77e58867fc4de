"""The system on the observed strings against all 2**M of them, finite differences and mthree."""

import itertools
import math

import numpy as np
import pytest

from qml.backends.counts import Counts
from qml.backends.mitigation.confusion import Confusion, words_to_prepare
from qml.backends.mitigation.subspace import Subspace, solved
from qml.backends.mitigation.tensored import unfolded
from qml.base.errors import JobError
from qml.circuits import READOUTS, Probabilities

RNG = np.random.default_rng(5)


def confusion_of(n_wires, rng=RNG, low=0.005, high=0.08):
    e0, e1 = rng.uniform(low, high, (2, n_wires))
    return Confusion(tuple(range(n_wires)), e0, e1, e0 / 5000, e1 / 5000)


def ghz(n_wires, shots, confusion, rng):
    """Counts of two bindings of a GHZ state, read with the given errors."""
    there = np.repeat(rng.integers(0, 2, (2, shots, 1)), n_wires, axis=2)
    wrong = rng.random(there.shape) < np.where(there, confusion.e1_Q, confusion.e0_Q)
    return Counts.of_samples((there ^ wrong).astype(np.uint8))


def strings(n_wires, n_strings, rng):
    return np.unique(rng.integers(0, 2, (n_strings, n_wires)), axis=0).astype(np.uint8)


def test_elements_are_products_of_chances():
    confusion, bits = confusion_of(4), strings(4, 9, np.random.default_rng(0))
    matrices = confusion.matrices_Q22()
    raw = np.array([[math.prod(matrices[q][i[q], j[q]] for q in range(4)) for j in bits] for i in bits])
    np.testing.assert_allclose(Subspace(bits, confusion).matrix_NN, raw / raw.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("kept", [4096, 16], ids=["kept", "in blocks"])
def test_iteration_and_blocks_agree_with_elimination(kept, transposed):
    rng = np.random.default_rng(1)
    confusion, bits = confusion_of(12, rng), strings(12, 90, rng)
    wanted = rng.random((len(bits), 2))
    direct, none = Subspace(bits, confusion).solve(wanted, transposed=transposed)
    iterated, steps = Subspace(bits, confusion, direct=0, kept=kept).solve(wanted, transposed=transposed)
    np.testing.assert_allclose(iterated, direct, atol=1e-8)
    assert none == 0 < steps < 60


@pytest.mark.parametrize("kept", [4096, 4])
def test_slopes_are_finite_differences(kept):
    rng = np.random.default_rng(2)
    confusion, bits, there = confusion_of(3, rng), strings(3, 6, rng), rng.random(8)[: len(strings(3, 6, rng))]
    bits, there = bits[: len(there)], there[: len(bits)]
    found = Subspace(bits, confusion, kept=kept).slopes(there)
    for edge, wire in itertools.product((0, 1), range(3)):
        images = []
        for step in (1e-6, -1e-6):
            errors = [confusion.e0_Q.copy(), confusion.e1_Q.copy()]
            errors[edge][wire] += step
            moved = Confusion(confusion.wires, *errors, confusion.variance0_Q, confusion.variance1_Q)
            images.append(Subspace(bits, moved).matrix_NN @ there)
        np.testing.assert_allclose(found[:, 3 * edge + wire], (images[0] - images[1]) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("readout", [READOUTS["pauli"](4, ["Z0 Z1 + Z3", "Z0 Z1 Z2 Z3"]), Probabilities((3, 1, 0, 2))])
def test_where_all_strings_are_seen_it_is_the_tensored_inverse(readout):
    rng = np.random.default_rng(3)
    confusion = confusion_of(4, rng)
    counts = Counts.of_samples(rng.integers(0, 2, (3, 4000, 4)).astype(np.uint8))
    assert (counts.frequencies_RO() > 0).all()
    small, whole = (method(readout, (counts,), confusion, exact=False) for method in (solved, unfolded))
    np.testing.assert_allclose(small.values_RK, whole.values_RK, atol=1e-12)
    np.testing.assert_allclose(small.variance_RK, whole.variance_RK, rtol=1e-9)


def test_the_quasi_distribution_is_that_of_mthree():
    mthree = pytest.importorskip("mthree", reason="mthree, with which this is compared, is not installed")
    rng = np.random.default_rng(4)
    confusion = confusion_of(6, rng)
    counts = ghz(6, 3000, confusion, rng)
    theirs = mthree.M3Mitigation(None)
    theirs.cals_from_matrices([matrix.astype(np.float32) for matrix in confusion.matrices_Q22()])
    quasi = solved(READOUTS["z"](6), (counts,), confusion, exact=False).counts[0]
    for row in range(2):
        part, ours = counts.of_rows(row, row + 1), quasi.of_rows(row, row + 1)
        texts = ["".join(map(str, bits[::-1])) for bits in part.bits_NM]  # qubit 0 is their last letter
        read = dict(zip(texts, part.times_N.tolist(), strict=True))
        for method in ("direct", "iterative"):
            found = theirs.apply_correction(read, range(6), method=method, distance=6)  # no element left out
            atol = {"direct": 1e-6, "iterative": 2e-5}[method]  # theirs are float32, and stop at 1e-5
            np.testing.assert_allclose(ours.times_N / 3000, [found[text] for text in texts], atol=atol)


def test_many_wires():
    rng = np.random.default_rng(6)
    confusion = confusion_of(40, rng, high=0.05)
    counts = ghz(40, 1500, confusion, rng)
    whole = " ".join(f"Z{wire}" for wire in range(40))
    readout = READOUTS["pauli"](40, ["Z0 Z39", "Z3 Z17", whole])
    outcome = solved(readout, (counts,), confusion, exact=False)
    raw = 1 - 2 * (counts.bits_NM[:, 0] ^ counts.bits_NM[:, 39]).astype(float)
    raw = np.bincount(counts.row_N, counts.times_N * raw) / 1500
    assert outcome.record["strings"] > 256
    assert outcome.record["iterations"] > 0
    wrong = np.abs(outcome.values_RK[:, :2] - 1).max()
    assert wrong < 0.7 * np.abs(raw - 1).max()
    whole = unfolded(readout, (counts,), confusion, exact=False)  # knows of strings that were not seen, too
    assert np.abs(whole.values_RK[:, :2] - 1).max() < 0.02 < wrong
    mthree = pytest.importorskip("mthree", reason="mthree, with which this is compared, is not installed")
    theirs = mthree.M3Mitigation(None)
    theirs.cals_from_matrices([matrix.astype(np.float32) for matrix in confusion.matrices_Q22()])
    first = counts.of_rows(0, 1)
    read = {"".join(map(str, bits[::-1])): int(times) for bits, times in zip(first.bits_NM, first.times_N, strict=True)}
    found = theirs.apply_correction(read, range(40), distance=40)
    words = ["Z" + 38 * "I" + "Z", 22 * "I" + "Z" + 13 * "I" + "ZIII", 40 * "Z"]
    np.testing.assert_allclose(outcome.values_RK[0], [found.expval(word) for word in words], atol=2e-5)


def test_errors_of_which_nothing_can_be_undone_are_told(monkeypatch):
    rng = np.random.default_rng(7)
    bits = strings(6, 60, rng)
    subspace = Subspace(bits, confusion_of(6, rng), direct=0)
    monkeypatch.setattr("scipy.sparse.linalg.gmres", lambda *_, **__: (np.zeros(len(bits)), 600))
    with pytest.raises(JobError, match="did not converge"):
        subspace.solve(rng.random((len(bits), 1)))


@pytest.mark.parametrize("n_wires", [1, 2, 3, 8, 9])
def test_each_wire_is_prepared_as_both_and_each_pair_as_all_four(n_wires):
    words = words_to_prepare(n_wires)
    assert len(words) == 2 * (1 + (n_wires - 1).bit_length())
    assert (words.sum(axis=0) == len(words) / 2).all()
    for left, right in itertools.combinations(range(n_wires), 2):
        assert len({tuple(word) for word in words[:, [left, right]]}) == 4
