"""Models in which no circuit is left are one contestant, whichever circuit they were made of."""

from dataclasses import replace

from qml.bench import Store
from qml.estimators.arms import arms_for
from qml.estimators.choices import Training
from qml.estimators.data_choice import DataChoice
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.terms import Terms
from qml.models import CircuitSpec, HybridSpec, Signature


def configs(name, n_qubits, framework="torch"):
    spec = HybridSpec(circuit=CircuitSpec(name, n_qubits, 2), framework=framework)
    arms = arms_for(spec, ["hybrid", "twin", "frozen", "removed"], Training(), Signature((5,), 3))
    return {arm.info.name: arm.info.config for arm in arms}


def test_two_circuits_of_equal_size_share_twin_and_removed():
    one, other = configs("sel", 3), configs("iqp", 3)
    assert {name for name in one if one[name] == other[name]} == {"twin", "removed"}


def test_titles_name_the_circuit():
    own = CircuitSpec("mine", program=CircuitSpec("sel", 3, 2).resolve())
    titles = [
        arms_for(HybridSpec(circuit=circuit), ["hybrid"], Training(), Signature((5,), 3))[0].info.title
        for circuit in (CircuitSpec("iqp", 3, 2), own)
    ]
    assert titles == ["Hybrid (iqp, 3 qubits, depth 2)", "Hybrid (mine, 3 qubits)"]


def test_circuits_of_other_sizes_and_other_frameworks_do_not():
    one = configs("sel", 3)
    for other in (configs("sel", 4), configs("sel", 3, "jax")):
        assert not any(one[name] == other[name] for name in one)
    shallow = configs("reupload", 3)
    assert one["twin"] != shallow["twin"]
    assert one["removed"] == shallow["removed"]


def test_splits_of_other_widths_are_one_contestant_and_run(tmp_path):
    whole = BenchmarkJob(
        DataChoice("own", make="tests.estimators.parts:widening"),
        HybridSpec(circuit=CircuitSpec("sel", 3, 1)),
        Training(),
        Terms("small", seeds=(0, 1), epochs=1),
        arms=("twin", "removed", "mlp"),
        store=str(tmp_path / "store"),
        report=False,
    )
    plans = [job.planned(progress=False) for job in (whole, replace(whole, seed=1))]
    assert [arm.info.config for arm in plans[0].arms] == [arm.info.config for arm in plans[1].arms]
    assert plans[0].protocol == plans[1].protocol
    whole.run(progress=False).check()
    assert sum(cell.status == "finished" for cell in Store(tmp_path / "store")) == 8
