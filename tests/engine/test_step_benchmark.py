"""The speed benchmark: its driver, with small peers inside this process, and what it says of them."""

import dataclasses
import json
import sys
import time
from types import ModuleType

import numpy as np
import pytest

from benchmarks import bars, machine, plot, record, step, table
from benchmarks.agreement import disagreement, errors
from benchmarks.circuit import program
from benchmarks.expected import expected
from benchmarks.peers import peer_named
from benchmarks.peers.peer import Peer, Step
from benchmarks.process import PeerFailed, WorkerProcess
from benchmarks.rounds import Contender, Result, Rules, measure
from benchmarks.worker import Worker
from benchmarks.workload import Size, numbers

SIZE = Size(3, 2, 5)
RULES = Rules(rounds=3, turn_s=0.002, peer_s=1.0, step_s=5.0, build_s=20.0)


class Inside:
    """A worker in this process."""

    def __init__(self, peer):
        self.worker, self.asked = Worker(peer), []

    def ask(self, do, limit_s, **arguments):
        self.asked.append(do)
        return json.loads(json.dumps(getattr(self.worker, do)(**arguments)))

    def cpu_seconds(self):
        return 1.5

    def end(self):
        self.asked.append("end")


def contender(monkeypatch, name, *, seconds=0.0, wrong=0.0, growth="batch", framework="other", missing=None):
    """A peer that looks the answer up, takes its time, and errs if asked to."""

    def build(size, given, device):
        right = expected(size, given)

        def run():
            time.sleep(seconds)
            return dataclasses.replace(right, weights_P=right.weights_P + wrong)

        return Step(run, lambda answer: answer, "complex128")

    peer = Peer(name, f"the {name} one", framework, "library", ("numpy",), growth=growth)
    module = ModuleType(peer.module)
    module.build = build
    monkeypatch.setitem(sys.modules, peer.module, module)
    return Contender(peer, lambda: Inside(peer), missing)


def test_both_are_timed_in_turns(monkeypatch):
    slow, fast = contender(monkeypatch, "slow", seconds=0.02), contender(monkeypatch, "fast", seconds=0.001)
    first, second = measure(SIZE, [slow, fast], RULES)
    assert first.measured
    assert second.measured
    assert len(first.rounds) == len(second.rounds) == 3
    assert first.best_s >= 0.02
    assert second.best_s >= 0.001
    assert second.median_s >= second.best_s
    assert slow.process.asked == ["versions", "build", "turn", "turn", "turn", "drop"]
    assert slow.versions["numpy"] == np.__version__
    assert first.idle_cpu_s == 0
    assert second.dtype == "complex128"


@pytest.mark.slow
def test_a_wrong_peer_is_not_timed(monkeypatch):
    wrong, right = contender(monkeypatch, "wrong", wrong=0.01), contender(monkeypatch, "right")
    first, second = measure(SIZE, [wrong, right], RULES)
    assert not first.measured
    assert first.reason.startswith("wrong: differs from the float64 reference in the weight gradient by")
    assert "turn" not in wrong.process.asked
    assert second.measured


def test_an_absent_peer_says_why(monkeypatch):
    (result,) = measure(SIZE, [contender(monkeypatch, "absent", missing="not installed: no wheel")], RULES)
    assert result.reason == "not installed: no wheel"


@pytest.mark.slow
def test_what_would_take_too_long_is_skipped(monkeypatch):
    rows = contender(monkeypatch, "rows", seconds=0.003, growth="rows")
    measure(SIZE, [rows], RULES)
    (result,) = measure(dataclasses.replace(SIZE, rows=50_000), [rows], dataclasses.replace(RULES, step_s=0.5))
    assert result.reason.startswith("skipped: a step would take about")
    assert rows.process.asked.count("build") == 1


def test_a_slow_peer_gets_fewer_rounds(monkeypatch):
    (result,) = measure(SIZE, [contender(monkeypatch, "slow", seconds=0.03)], dataclasses.replace(RULES, peer_s=0.05))
    assert len(result.rounds) == 1
    assert result.rounds[0]["runs"] == 1


def test_another_device_is_refused(monkeypatch):
    (result,) = measure(SIZE, [contender(monkeypatch, "host")], RULES, "cuda")
    assert result.reason == "skipped: does not run on cuda"


@pytest.mark.parametrize("part", ["values_BK", "inputs_BD", "weights_P"])
def test_errors_are_found_in_every_part(part):
    right = expected(SIZE, numbers(SIZE))
    assert disagreement(errors(SIZE, right, right)) is None
    for spoil in (lambda a: a + 1e-3, lambda a: a[1:], lambda a: a * np.nan):
        wrong = dataclasses.replace(right, **{part: spoil(getattr(right, part))})
        assert disagreement(errors(SIZE, wrong, right))
    assert "loss" in disagreement(errors(SIZE, dataclasses.replace(right, loss=right.loss + 1), right))


# ------------------------------------------------------------------------------------------------------ processes
ECHO = """
import json, sys, threading
def burn():
    while True: pass
threading.Thread(target=burn, daemon=True).start()
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "die": raise MemoryError("no room for this circuit")
    while request["do"] == "hang": pass
    print(json.dumps(request), flush=True)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and binds cores")


@pytest.fixture
def echo():
    process = WorkerProcess([sys.executable, "-c", ECHO], [0])
    yield process
    process.end()


@linux
def test_an_idle_worker_burns_nothing(echo):
    assert echo.ask("turn", 20.0, least=3) == {"do": "turn", "least": 3}
    time.sleep(0.02)
    before = echo.cpu_seconds()
    time.sleep(0.3)
    assert echo.cpu_seconds() - before <= 0.03


@linux
def test_a_dying_worker_leaves_its_last_words(echo):
    with pytest.raises(PeerFailed, match="failed: MemoryError: no room for this circuit"):
        echo.ask("die", 20.0)
    with pytest.raises(PeerFailed):
        echo.ask("turn", 20.0)


@linux
def test_a_hanging_worker_is_ended(echo):
    with pytest.raises(PeerFailed, match="hang took longer than 1 s"):
        echo.ask("hang", 1.0)


# --------------------------------------------------------------------------------------------- tables and records
def results():
    made = []
    for name, median in (("qml-torch", 1.0), ("qml-jax", 2.0), ("hand-jax", 9.0), ("pennylane-jax", 30.0)):
        rounds = [{"median_s": median * scale, "best_s": median, "runs": 3} for scale in (1e-3, 2e-3, 3e-3)]
        made.append(Result(name, None, 0.1, 0.2, median * 1e-3, 50.0, "complex64", {"loss": 0.0}, rounds))
    return [*made, Result("pyqtorch", "not installed: why")]


def all_peers():
    return {result.peer: peer_named(result.peer) for result in results()}


def test_verdicts_take_the_best_of_each_group():
    found = {(v.layer, v.group): v for v in bars.verdicts(Size(8, 4, 1024), all_peers(), results())}
    assert set(found) == {(layer, group) for layer in ("qml-torch", "qml-jax") for group in ("jax", "hand")}
    torch_layer, jax_layer = found["qml-torch", "jax"], found["qml-jax", "jax"]
    assert (torch_layer.rival, torch_layer.ratio, torch_layer.bar, torch_layer.met) == (
        "pennylane-jax",
        30.0,
        60,
        False,
    )
    assert (jax_layer.ratio, jax_layer.bar, jax_layer.met) == (15.0, 45, False)
    assert found["qml-torch", "hand"].ratio == pytest.approx(9.0)
    assert "MISSED" in table.bars_table(list(found.values()))
    unpromised = bars.verdicts(SIZE, all_peers(), results())
    assert all(verdict.met is None for verdict in unpromised)


def test_the_first_size_asks_one_thing_of_the_jax_layer():
    assert bars.JAX_LAYER[Size(4, 2, 32)] == bars.Bars(None, None, 3)
    assert bars.TORCH_LAYER[Size(4, 2, 32)] == bars.Bars(2, 40, 0.8)


def test_the_table_has_every_peer_and_every_reason():
    text = table.size_table(SIZE, all_peers(), results())
    for result in results():
        assert peer_named(result.peer).title in text
    assert "not installed: why" in text
    assert "30.0x" in text


def test_a_record_is_read_back_and_drawn(tmp_path):
    contenders = [Contender(peer, lambda: None) for peer in all_peers().values()]
    measured = {Size(n, 4, 16): results() for n in (4, 6, 8)} | {SIZE: results()}
    described = machine.description([0])
    found = bars.verdicts(SIZE, all_peers(), results())
    path = tmp_path / "record.json"
    record.write(record.record(described, RULES, "cpu", contenders, measured, found, memory=[]), path)
    kept = record.read(path)
    assert {"schema", "machine", "rules", "device", "peers", "sizes", "bars", "memory"} == set(kept)
    assert {"cpu", "cores", "siblings", "flags", "caches", "system", "python", "date", "commit"} <= set(kept["machine"])
    times = plot.times_of([kept])
    assert times["pennylane-jax"][Size(6, 4, 16)] == pytest.approx(60.0)
    assert plot.family([*measured], "qubits") == [Size(n, 4, 16) for n in (4, 6, 8)]
    pytest.importorskip("matplotlib", reason="draws the record")
    assert plot.main([str(path)]) == 0
    assert path.with_suffix(".png").stat().st_size > 10_000
    assert path.with_suffix(".svg").is_file()


def test_another_file_is_no_record(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match="is no result of"):
        record.read(tmp_path / "other.json")


def test_the_workload_is_that_of_the_measured_peers():
    circuit = program(SIZE)
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_values) == (3, 18, 3)
    names = [gate.name for gate in circuit.gates]
    assert names.count("CNOT") == 6
    assert names.count("RY") == 3 + 6
    assert len(names) == SIZE.n_gates
    assert numbers(SIZE).inputs_BD.dtype == np.float32


def test_options(capsys):
    with pytest.raises(SystemExit) as stopped:
        step.main(["--help"])
    assert stopped.value.code == 0
    assert "--rounds" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        step.main(["--sizes", "4,2"])
    assert "qubits,layers,rows" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_in_processes(tmp_path, capsys):
    path = tmp_path / "record.json"
    chosen = ["--peers", "qml-engine", "qml-torch", "hand-torch", "--rounds", "2", "--turn-s", "0.02", "--no-extras"]
    assert step.main(["--sizes", "3,2,4", *chosen, "--json", str(path)]) == 0
    (entry,) = record.read(path)["sizes"]
    assert [result["reason"] for result in entry["results"]] == [None] * 3
    assert "best hand-fused" in capsys.readouterr().out
