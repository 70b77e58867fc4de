"""Readout mitigation on a machine whose errors are known: exactly undone, told variances true, calibrated once."""

from dataclasses import replace

import numpy as np
import pytest

from qml.backends.backend import Limits
from qml.backends.mitigation import ExtrapolatedBackend, ReadoutMitigatedBackend
from qml.backends.mitigation import readout as module
from qml.backends.mitigation.calibrating import taken
from qml.backends.reference import ReferenceExecutor
from qml.backends.shifts.sending import send
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import READOUTS, Probabilities, angle, sel
from qml.circuits.slots import slots
from tests.backends.jobs.made import Rig
from tests.backends.mitigation.machines import NATIVE, KnownBackend, ValuesOnly, copied

PROGRAM = angle(3) + sel(3, depth=1)
SUMS = READOUTS["pauli"](3, ["Z0 Z1 - 0.5 X2", "2 I + Y0 X1 Z2", "X0 X2 + X0", "3 I", "Z1", "Y2"])
METHODS = ["tensored", "m3", "twirled"]


def case(readout, rows=2):
    rng = np.random.default_rng(3)
    program = PROGRAM.with_readout(readout)
    inputs, weights = rng.normal(size=(rows, 3)), rng.normal(size=program.n_weights)
    exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
    return program, slots(program, inputs, weights), exact


@pytest.mark.parametrize("gate_set", [(), NATIVE], ids=["all gates", "native"])
@pytest.mark.parametrize(
    "readout", [READOUTS["z"](3), READOUTS["pauli"](3, ["Z0 X1", "Y2 + Z0 X1"]), Probabilities((2, 0))]
)
@pytest.mark.parametrize("method", METHODS)
def test_known_confusion_is_undone_exactly(method, readout, gate_set):
    program, angles, exact = case(readout)
    machine = KnownBackend(gate_set=gate_set)
    raw = machine.run(program, angles, shots=None, seed=None).values_RK
    outcome = ReadoutMitigatedBackend(machine, method=method).run(program, angles, shots=None, seed=None)
    np.testing.assert_allclose(outcome.values_RK, exact, atol=1e-12)
    assert outcome.variance_RK is None
    assert np.abs(raw - exact).max() > 0.02


@pytest.mark.parametrize("method", METHODS)
def test_a_word_in_each_basis(method):
    program, angles, exact = case(SUMS)
    outcome = ReadoutMitigatedBackend(KnownBackend(), method=method, twirls=64).run(
        program, angles, shots=None, seed=None
    )
    atol = 1e-3 if method == "twirled" else 1e-12  # X, Y and Z of one wire: even on the average of masks only
    np.testing.assert_allclose(outcome.values_RK, exact, atol=atol)


def test_correlated_errors_are_undone_by_twirling_alone():
    program, angles, exact = case(READOUTS["pauli"](3, ["Z0", "Z0 Z1", "Z1 Z2", "Z0 Z1 Z2"]))
    machine = KnownBackend(together=0.05)
    found = {
        method: ReadoutMitigatedBackend(machine, method=method).run(program, angles, shots=None, seed=None).values_RK
        for method in METHODS
    }
    np.testing.assert_allclose(found["twirled"], exact, atol=1e-12)
    assert np.abs(found["tensored"] - exact).max() > 0.005


@pytest.mark.parametrize(
    ("method", "readout"),
    [
        ("tensored", SUMS),
        ("m3", SUMS),
        ("twirled", SUMS),
        ("tensored", Probabilities((2, 0))),
        pytest.param("m3", Probabilities((2, 0)), marks=pytest.mark.slow),
        ("twirled", Probabilities((2, 0))),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_mean_and_variance_are_those_of_repeated_runs(method, readout):
    program, angles, exact = case(readout, rows=1)
    machine = KnownBackend()
    runs = [
        ReadoutMitigatedBackend(machine, method=method, shots=800, seed=seed).run(
            program, angles, shots=160, seed=1000 + seed
        )
        for seed in range(1, 41)
    ]
    values, told = np.array([run.values_RK for run in runs]), np.mean([run.variance_RK for run in runs], axis=0)
    varies = told > 0
    assert varies.sum() == readout.n_values - (readout is SUMS)  # "3 I" is known
    error = np.std(values, axis=0, ddof=1) / np.sqrt(len(runs))
    np.testing.assert_array_less(np.abs(values.mean(axis=0) - exact)[varies], 4 * error[varies])
    np.testing.assert_allclose(values.var(axis=0, ddof=1)[varies], told[varies], rtol=0.8)  # 40 runs: s.e. of 22 %
    assert np.abs(values.mean(axis=0) - exact)[~varies].max(initial=0) < 1e-12


def test_the_variance_of_a_poor_calibration_is_told():
    program, angles, _ = case(READOUTS["z"](3))
    poor, good = (
        ReadoutMitigatedBackend(KnownBackend(), shots=shots).run(program, angles, shots=100_000, seed=1).variance_RK
        for shots in (60, 600_000)
    )
    assert (poor > 5 * good).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_calibration_serves_all_runs_on_the_same_wires(method):
    program, angles, _ = case(READOUTS["z"](3))
    machine = KnownBackend()
    backend = ReadoutMitigatedBackend(machine, method=method)
    first = backend.run(program, angles, shots=320, seed=1)
    assert len(machine.ran) == 2
    backend.run(program, angles, shots=320, seed=2)
    assert len(machine.ran) == 3
    backend.run(program.with_readout(READOUTS["pauli"](3, ["Z1"])), angles, shots=320, seed=1)
    assert len(machine.ran) == 5
    _, circuits, shots = machine.ran[0]
    told = first.record["readout"]
    assert told["method"] == method
    assert told["calibration"]["wires"] == [0, 1, 2]
    assert (told["calibration"]["circuits"], told["calibration"]["shots_a_circuit"]) == (circuits, shots)
    assert circuits == (16 if method == "twirled" else 6)
    assert circuits * shots >= 16384
    again = copied(backend)
    np.testing.assert_array_equal(again.run(program, angles, shots=320, seed=1).values_RK, first.values_RK)
    assert again == backend


def test_the_same_seed_is_the_same_draw_and_another_calibration_has_another():
    program, angles, _ = case(READOUTS["z"](3))

    def values(**options):
        return ReadoutMitigatedBackend(KnownBackend(), **options).run(program, angles, shots=100, seed=1).values_RK

    np.testing.assert_array_equal(values(), values())
    assert np.abs(values() - values(seed=2)).max() > 0


def test_a_calibration_is_made_anew_when_its_time_has_passed(monkeypatch):
    now = [10_000.0]
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    program, angles, _ = case(READOUTS["z"](3))
    machine = KnownBackend()
    backend = ReadoutMitigatedBackend(machine, refresh=3600)
    seeds = []
    for now[0] in (10_000.0, 10_700.0, 10_900.0, 14_300.0, 14_500.0):  # the hour is full at 10,800 and 14,400
        seeds.append(backend.run(program, angles, shots=10, seed=1).record["readout"]["calibration"]["seed"])
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3] != seeds[4]
    assert len(machine.ran) == 5 + 3


def test_wires_of_the_machine_are_calibrated_and_not_those_of_the_program():
    errors = ((0.2, 0.1), (0.0, 0.0), (0.1, 0.3), (0.05, 0.0))
    machine = KnownBackend(4, errors=errors, gate_set=NATIVE)
    program, angles, exact = case(READOUTS["pauli"](3, ["Z2", "X0"]))
    moved = program.renamed_wires((3, 1, 0), 4)
    for asked in (program, moved):
        outcome = ReadoutMitigatedBackend(machine).run(asked, angles, shots=None, seed=None)
        np.testing.assert_allclose(outcome.values_RK, exact, atol=1e-12)
    wrong = outcome.record["readout"]["calibration"]
    np.testing.assert_allclose(wrong["errors"], [errors[wire] for wire in wrong["wires"]], atol=1e-12)
    assert wrong["wires"] == [0, 3]


def test_nothing_to_read_and_nothing_to_run():
    program, angles, _ = case(READOUTS["pauli"](3, ["3 I"]))
    machine = KnownBackend()
    backend = ReadoutMitigatedBackend(machine)
    np.testing.assert_array_equal(backend.run(program, angles, shots=10, seed=1).values_RK, [[3.0], [3.0]])
    program, angles, _ = case(READOUTS["z"](3))
    assert backend.run(program, angles[:0], shots=10, seed=1).values_RK.shape == (0, 3)
    assert [circuits for _, circuits, _ in machine.ran] == [2, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReadoutMitigatedBackend(ValuesOnly()), "gives values and no outcomes"),
        (lambda: ReadoutMitigatedBackend(ExtrapolatedBackend(KnownBackend())), "mitigated already .extrapolation."),
        (lambda: ReadoutMitigatedBackend(ReadoutMitigatedBackend(KnownBackend())), "mitigated already .readout."),
    ],
)
def test_a_backend_without_raw_outcomes_is_refused_before_anything_runs(make, message):
    with pytest.raises(CapabilityError, match=message):
        make()


@pytest.mark.parametrize(
    "options", [{"method": "m4"}, {"shots": 0}, {"seed": 0}, {"refresh": 0}, {"twirls": 12}, {"twirls": 1}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError):
        ReadoutMitigatedBackend(KnownBackend(), **options)


def test_refusals_of_a_run():
    program, angles, _ = case(READOUTS["z"](3))
    with pytest.raises(CapabilityError, match="values alone"):
        ReadoutMitigatedBackend(KnownBackend(raw=False)).run(program, angles, shots=10, seed=1)
    with pytest.raises(CapabilityError, match="next to nothing"):
        ReadoutMitigatedBackend(KnownBackend(errors=((0.5, 0.5),) * 3)).run(program, angles, shots=10, seed=1)
    with pytest.raises(CapabilityError, match="not above the noise"):
        ReadoutMitigatedBackend(KnownBackend(errors=((0.5, 0.5),) * 3), method="twirled").run(
            program, angles, shots=10, seed=1
        )
    with pytest.raises(CapabilityError, match="without a seed"):
        ReadoutMitigatedBackend(KnownBackend(), method="twirled").run(program, angles, shots=10, seed=None)
    with pytest.raises(CapabilityError, match="turns about X"):
        ReadoutMitigatedBackend(KnownBackend(gate_set=("RZ", "CNOT"))).run(
            replace(program, gates=(), n_inputs=0, n_weights=0, blocks=()), angles[:, :0], shots=10, seed=1
        )
    machine = KnownBackend(limits=Limits(circuits=40))
    with pytest.raises(CapabilityError, match="a job of 96 circuits"):  # 3 bindings, 2 settings, 16 twirls
        ReadoutMitigatedBackend(machine, method="twirled").run(
            *case(READOUTS["pauli"](3, ["Z0", "X0"]), rows=3)[:2], shots=10, seed=1
        )
    assert not machine.ran


@pytest.mark.parametrize(
    ("limits", "shots"),
    [
        (Limits(circuits=40), 100),
        (Limits(shots=10), 160),
        (Limits(executions=1000), 50),
        (Limits(circuits=100, executions=1000), 17),
    ],
)
def test_limits_hold_for_all_flips_of_a_binding(limits, shots):
    program, angles, exact = case(READOUTS["z"](3), rows=7)
    machine = KnownBackend(limits=limits)
    mitigated = ReadoutMitigatedBackend(machine, method="twirled", shots=160)
    outcome = send(mitigated, program, angles, shots, 1)
    assert outcome.values_RK.shape == exact.shape
    jobs = machine.ran[1:]  # the first is the calibration
    assert sum(rows for _, rows, _ in jobs) == 7 * 16
    for _, rows, each in jobs:
        assert each == -(-shots // 16)
        assert rows <= (limits.circuits or rows)
        assert each <= (limits.shots or each)
        assert rows * each <= (limits.executions or rows * each)
    mitigated = ReadoutMitigatedBackend(KnownBackend(limits=limits), method="twirled")
    many = np.concatenate([angles] * 60)
    with pytest.raises(CapabilityError, match="a job of"):  # of who does not ask for limits
        mitigated.run(program, many, shots=16 * 11 * shots, seed=1)


DAY = 86_400.0


def calibration_of(rig, **options):
    """The record of a calibration by a machine behind a store."""
    program, angles, _ = case(READOUTS["z"](3))
    backend = ReadoutMitigatedBackend(rig.backend(), shots=200, **options)
    return backend.run(program, angles, shots=10, seed=1).record["readout"]["calibration"]


def test_a_calibration_from_a_store_tells_its_own_day(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "qml")
    rig, real = Rig(tmp_path), module.time.time
    rig.machine.reset()
    first = calibration_of(rig)
    monkeypatch.setattr(module.time, "time", lambda: real() + 90 * DAY)
    later, anew = calibration_of(rig), calibration_of(rig, refresh=DAY)
    assert (first["taken"], first["submitted"]) == (later["taken"], later["submitted"])
    assert first["run"]["jobs"][0]["finished"] == later["run"]["jobs"][0]["finished"]
    days = [int(record["taken"][:4]) * 12 + int(record["taken"][5:7]) for record in (first, anew)]
    assert days[1] - days[0] in (2, 3)  # months
    lines = [record for record in caplog.records if "is calibrated by" in record.message]
    assert [record.levelname for record in lines] == ["INFO", "WARNING", "INFO"]
    assert f"a run of {first['taken']}, 2160.0 hours ago" in lines[1].message


def test_what_is_not_known_is_not_told(monkeypatch, caplog):
    caplog.set_level("WARNING", "qml")
    monkeypatch.setattr(module.time, "time", lambda: 1_800_000_000.0)
    job = {"submitted": 1_799_990_000.0, "finished": 1_799_990_100.0}
    assert taken({}, "here") == {"taken": "2027-01-15T08:00:00Z"}
    assert taken({"jobs": [job]}, "there") == {"taken": "2027-01-15T05:15:00Z", "submitted": "2027-01-15T05:13:20Z"}
    newer = {name: moment + 60 for name, moment in job.items()}
    assert taken({"runs": [{"jobs": [newer]}, {"jobs": [job]}]}, "there") == taken({"jobs": [job]}, "there")
    assert not caplog.records
    for old in ({"jobs": [{"key": "before such times were kept"}]}, {"jobs": [job, {}]}):
        assert taken(old, "there") == {}
    assert len(caplog.records) == 2
    assert "does not tell when it ran" in caplog.text
