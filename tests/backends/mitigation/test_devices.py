"""Each mitigation on Aer with the noise of devices: the error against exact values falls."""

import numpy as np
import pytest

from qml.backends.aer import AerBackend
from qml.backends.mitigation import mitigated
from qml.backends.noise import noise_named
from qml.backends.reference import ReferenceExecutor
from qml.circuits import angle, basic
from qml.circuits.slots import slots

PROGRAM = angle(4) + basic(4, depth=1) + angle(4) + basic(4, depth=1)
EXPONENTIAL = {"zne": {"method": "exponential"}}


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(6, 4)), rng.normal(size=PROGRAM.n_weights)
    return slots(PROGRAM, inputs, weights), ReferenceExecutor().forward(PROGRAM, inputs, weights).values_BK


def rms(backend, given, shots, seeds=(1,)):
    """Root mean square of the error, over draws where there are shots."""
    angles, exact = given
    drawn = [None] if shots is None else seeds
    runs = [backend.run(PROGRAM, angles, shots=shots, seed=seed).values_RK for seed in drawn]
    return np.sqrt(np.mean((np.stack(runs) - exact) ** 2))


@pytest.mark.parametrize("device", ["fake_manila", "fake_guadalupe"])
def test_mitigation_reduces_the_error(device, given):
    machine = AerBackend(noise=noise_named(device))
    raw = rms(machine, given, None)
    alone = [rms(mitigated(machine, [name]), given, None) for name in ("readout", "zne")]
    assert max(alone) < 0.9 * raw
    assert rms(mitigated(machine, ["readout", "zne"]), given, None) < 0.8 * min(alone)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["fake_manila", "fake_guadalupe"])
@pytest.mark.parametrize(
    ("names", "share"), [(["m3"], 0.9), (["twirled_readout"], 0.9), (["readout", EXPONENTIAL], 0.6)], ids=str
)
def test_the_others_do_too(device, names, share, given):
    machine = AerBackend(noise=noise_named(device))
    assert rms(mitigated(machine, names), given, None) < share * rms(machine, given, None)


@pytest.mark.parametrize("device", ["fake_manila", pytest.param("fake_guadalupe", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("names", "share", "seeds"),
    [  # of endless shots readout alone leaves 0.85 on Guadalupe, 0.77 on Manila; the rest of the error is of gates
        pytest.param(["readout"], 0.9, (1, 2, 3, 4), marks=pytest.mark.slow),
        pytest.param(["m3"], 0.9, (1, 2, 3, 4), marks=pytest.mark.slow),
        pytest.param(["twirled_readout"], 0.95, (1, 2, 3, 4), marks=pytest.mark.slow),
        (["readout", "zne"], 0.65, (1,)),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_and_does_so_from_shots(device, names, share, seeds, given):
    machine = AerBackend(noise=noise_named(device))
    assert rms(mitigated(machine, names), given, 8192, seeds) < share * rms(machine, given, 8192, seeds)


def test_without_noise_nothing_is_made_worse_than_shots_make_it(given):
    angles, exact = given
    for names in (["m3"], ["readout", "zne"]):
        outcome = mitigated(AerBackend(), names).run(PROGRAM, angles, shots=2048, seed=1)
        assert np.sqrt(np.mean((outcome.values_RK - exact) ** 2 / outcome.variance_RK)) < 1.4
