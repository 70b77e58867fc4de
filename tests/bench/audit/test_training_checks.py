"""Losses, training steps and circuits with a planted fault are told from sound ones."""

from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench.checks.losses import loss_findings, loss_of
from qml.bench.checks.provenance import circuit_findings, table_circuit_findings
from qml.bench.checks.steps import step_findings
from qml.circuits import angle, iqp, sel
from qml.data.source import Batch, Target
from qml.learn import torch_ops
from qml.learn.supervised import Supervised
from qml.learn.torch_parts import parts_of
from qml.learn.torch_step import TorchStep
from tests.bench.audit.tables import sound

torch = pytest.importorskip("torch")
DRAW = np.random.default_rng(0)
NUMBERS = Target("y", "number")
CLASSES = Target("y", "classes", ("no", "yes", "perhaps"))


def levels(found):
    return [finding.level for finding in found]


# ------------------------------------------------------------------------------------------------------------ losses
OUTPUTS, TARGETS = DRAW.normal(size=(8, 1)), DRAW.normal(size=8)


@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_a_broadcast_loss_is_severe_and_the_right_one_passes(convert):
    outputs, targets = convert(OUTPUTS), convert(TARGETS)
    found = loss_findings(lambda o, t: ((o - t) ** 2).mean(), outputs, targets)
    assert levels(found) == ["severe"]
    assert "every output with every target" in found[0].title
    assert levels(loss_findings(lambda o, t: ((o[:, 0] - t) ** 2).mean(), outputs, targets)) == ["pass"]
    assert levels(loss_findings(lambda o, t: ((o[:, 0] - t) ** 2).sum(), outputs, targets)) == ["pass"]


def test_a_loss_that_is_no_number_is_severe():
    assert levels(loss_findings(lambda o, t: (o[:, 0] - t) ** 2, OUTPUTS, TARGETS)) == ["severe"]


def test_a_loss_between_rows_is_suspect():
    def contrast(outputs, targets):  # alone, a row has no pair
        gaps = (outputs - outputs.T) ** 2
        return float((gaps * np.equal.outer(targets > 0, targets > 0)).sum())

    def centred(outputs, targets):
        return float(((outputs[:, 0] - outputs.mean() - targets) ** 2).mean())

    for loss in (contrast, centred):
        assert levels(loss_findings(loss, OUTPUTS, TARGETS)) == ["suspect"]


def test_our_own_tasks_pass():
    for target, outputs, targets in (
        (NUMBERS, torch.as_tensor(OUTPUTS), torch.as_tensor(TARGETS)),
        (CLASSES, torch.as_tensor(DRAW.normal(size=(8, 3))), torch.as_tensor(DRAW.integers(0, 3, 8))),
    ):
        assert levels(loss_findings(loss_of(Supervised(target), torch_ops), outputs, targets)) == ["pass"]


def test_rows_that_cannot_tell_are_refused():
    with pytest.raises(DataError, match="three rows or more"):
        loss_findings(lambda o, t: 0.0, OUTPUTS[:2], TARGETS[:2])
    with pytest.raises(DataError, match="nothing can be told"):
        loss_findings(lambda o, t: ((o - t) ** 2).mean(), OUTPUTS, np.ones(8))


# ------------------------------------------------------------------------------------------------------------- steps
class Forgetful(TorchStep):
    """The fault of a published control: a new optimiser for every update."""

    def update(self, state, batch):
        parts = parts_of(state.module)
        state.optimisers = {
            player: self._optimiser(state.module, player, state.task, state.names, parts)
            for player in state.task.players
        }
        return super().update(state, batch)


class Idle(TorchStep):
    """Updates that do not reach the weights."""

    def update(self, state, batch):
        return state, {}


def batches(n=4):
    draw = np.random.default_rng(1)
    rows = np.arange(16)
    return [
        Batch(draw.normal(size=(16, 3)).astype(np.float32), draw.normal(size=16).astype(np.float32), rows)
        for _ in range(n)
    ]


def ask(step, **options):
    return step_findings(step, torch.nn.Linear(3, 1), Supervised(NUMBERS), batches(), **options)


def test_an_optimiser_made_anew_is_severe_and_a_kept_one_passes():
    found = ask(Forgetful(learning_rate=0.01))
    assert levels(found) == ["severe"]
    assert found[0].title == "The optimiser is made anew at every step"
    assert levels(ask(TorchStep(learning_rate=0.01))) == ["pass"]


def test_plain_descent_has_no_memory_and_that_is_right():
    assert levels(ask(TorchStep(learning_rate=0.01, optimiser="sgd"), remembers=False)) == ["pass"]
    assert levels(ask(TorchStep(learning_rate=0.01, optimiser="sgd"))) == ["severe"]


def test_updates_that_change_nothing_are_severe():
    assert [f.title for f in ask(Idle())] == ["Updates change no weight"]


def test_the_step_of_jax_is_asked_in_the_same_way():
    pytest.importorskip("jax")
    from qml.learn.jax_step import JaxStep
    from tests.learn.jax_model import SmallJax

    draw, task = np.random.default_rng(2), Supervised(CLASSES)
    rows = [
        Batch(draw.normal(size=(16, 4)).astype(np.float32), draw.integers(0, 3, 16), np.arange(16)) for _ in range(4)
    ]

    class ForgetfulJax(JaxStep):
        def update(self, state, batch):
            return super().update(replace(state, optimiser=self.init(SmallJax(), task, 0).optimiser), batch)

    assert levels(step_findings(JaxStep(learning_rate=0.01), SmallJax(), task, rows)) == ["pass"]
    assert levels(step_findings(ForgetfulJax(learning_rate=0.01), SmallJax(), task, rows)) == ["severe"]


# ---------------------------------------------------------------------------------------------------------- circuits
@pytest.mark.parametrize(
    ("whole", "less"),
    [
        (angle(4) + sel(4, depth=3), angle(4) + sel(4, depth=2)),
        (iqp(4), None),
    ],
    ids=["a layer", "the pairs of a block"],
)
def test_a_circuit_with_one_block_missing_does_not_match_its_digest(whole, less):
    if less is None:  # the pair gates of the second half, as an exhausted iterator left them out
        pairs = [place for place, gate in enumerate(whole.gates) if len(gate.wires) == 2]
        gone = set(pairs[len(pairs) // 2 :])
        less = replace(whole, gates=tuple(gate for place, gate in enumerate(whole.gates) if place not in gone))
    assert levels(circuit_findings({"arm": whole.digest}, {"arm": whole})) == ["pass"]
    found = circuit_findings({"arm": whole.digest}, {"arm": less})
    assert levels(found) == ["severe"]
    assert whole.digest[:12] in found[0].evidence
    assert levels(circuit_findings({"arm": ""}, {"arm": whole})) == ["severe"]
    assert levels(circuit_findings({}, {"arm": whole})) == ["warn"]


def test_rows_of_a_table_are_asked_for_their_circuit():
    table = sound()
    assert table_circuit_findings(table, {"hybrid": "ab1234"}) == ()
    found = table_circuit_findings(table, {"hybrid": angle(4)})
    assert [(f.level, f.rows) for f in found] == [("severe", (0, 1, 2, 3, 4, 5))]
