"""What forward runs leave for gradients under XLA: found again, overtaken, shared, refused, and never wrong."""

import multiprocessing
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qml.backends.engine import EngineExecutor
from qml.circuits import amplitude, angle, reupload, sel
from qml.engine import xla
from qml.engine import xla_layout as X
from qml.engine.compile import compile_program
from qml.engine.memory import budget_bytes
from qml.engine.pool import Crew
from qml.engine.runner import runner_of
from qml.engine.xla_ring import Ring, ring_capacity, ring_of
from qml.layers.jax import circuit
from qml.layers.jax_operator import plan_operator
from qml.layers.jax_primitives import kept_p, slopes_p
from tests.at_once import at_once

PROGRAM = angle(3) + sel(3, depth=3)
BATCH = 400


class Case:
    """The primitives of a circuit with numbers to run them on, and a ring of its own with room for `room` residuals."""

    def __init__(self, program=PROGRAM, batch=BATCH, room=2.5, dtype=jnp.float32, threads=1):
        plan = compile_program(program).plan
        _, station = plan_operator(plan, budget_bytes(), 1).station(dtype, batch)
        self.budget = int(2 * room * station.residual_bytes(batch))
        self.operator = plan_operator(plan, self.budget, threads)
        self.ring, self.plan, self.batch, self.dtype = ring_of(self.budget), plan, batch, dtype
        assert self.operator.keeps(dtype, batch) == (room >= 1)

    def numbers(self, seed):
        rng, plan = np.random.default_rng(seed), self.plan
        initial = []
        if plan.initial:
            states = rng.normal(size=(self.batch, 1 << plan.n_qubits)) + 0j
            states /= np.linalg.norm(states, axis=1, keepdims=True)
            initial = [jnp.asarray(states, np.result_type(self.dtype, np.complex64))]
        shapes = ((self.batch, plan.n_rows), plan.n_shared, (self.batch, plan.n_words))
        rows, shared, cotangent = [jnp.asarray(rng.normal(size=shape), self.dtype) for shape in shapes]
        return (rows, shared, *initial), cotangent

    def forward(self, seed):
        return kept_p.bind(*self.numbers(seed)[0], operator=self.operator)

    def slopes(self, seed, *token):
        arrays, cotangent = self.numbers(seed)
        found = slopes_p.bind(*arrays, cotangent, *token, operator=self.operator, kept=bool(token))
        return [np.asarray(part) for part in found]

    def counted(self, run):
        """The results of a run, and how many gradients found their residual and missed it meanwhile."""
        before = self.ring.counts
        result = jax.block_until_ready(run())
        after = self.ring.counts
        return result, (after.found - before.found, after.missed - before.missed)


def same(found, wanted):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert a.shape == b.shape
        assert a.tobytes() == b.tobytes()


PROGRAMS = {
    "angle": (PROGRAM, BATCH, jnp.float32),
    "late rows": (reupload(3, n_inputs=5, depth=2), 37, jnp.float32),
    "amplitudes": (amplitude(3) + sel(3, depth=2), 21, jnp.float32),
    "megabytes": (angle(8) + sel(8, depth=4), 1024, jnp.float32),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_gradient_from_a_residual_is_the_one_computed_anew(name, threads):
    program, batch, dtype = PROGRAMS[name]
    case = Case(program, batch, 1.5, dtype, threads)
    _, token = case.forward(0)
    resumed, counts = case.counted(lambda: case.slopes(0, token))
    assert counts == (1, 0)
    anew, counts = case.counted(lambda: case.slopes(0, jnp.zeros_like(token)))
    assert counts == (0, 1)
    same(resumed, anew)
    same(resumed, case.slopes(0))


def test_a_gradient_may_be_taken_twice():
    case = Case(room=2.6)
    _, token = case.forward(1)
    twice, counts = case.counted(lambda: [case.slopes(1, token) for _ in range(2)])
    assert counts == (2, 0)
    same(twice[1], twice[0])
    values, pull = jax.vjp((pair := circuit(PROGRAM)).apply, pair.init(0), jnp.ones((BATCH, 3)))
    ring, before = ring_of(budget_bytes()), ring_of(budget_bytes()).counts
    same(pull(values), pull(values))
    assert ring.counts.found == before.found + 2


def test_a_residual_that_was_read_gives_way_to_the_next():
    case = Case(room=2.7)
    _, first = case.forward(1)
    _, counts = case.counted(lambda: case.slopes(1, first))
    assert counts == (1, 0)
    _, second = case.forward(2)  # in the very same place
    late, counts = case.counted(lambda: case.slopes(1, first))
    assert counts == (0, 1)
    same(late, case.slopes(1))
    found, counts = case.counted(lambda: case.slopes(2, second))
    assert counts == (1, 0)
    same(found, case.slopes(2))


def test_the_newest_overtake_the_oldest():
    case = Case(room=3.2)
    tokens = [case.forward(seed)[1] for seed in range(8)]
    assert case.ring.counts.overtaken == 5
    found, counts = case.counted(lambda: [case.slopes(seed, tokens[seed]) for seed in reversed(range(8))])
    assert counts == (3, 5)
    for seed, slopes in zip(reversed(range(8)), found, strict=True):
        same(slopes, case.slopes(seed))


def test_residuals_of_all_sizes_round_and_round():
    """Batches of many sizes in one ring, read in any order or never."""
    rng, cases = np.random.default_rng(0), []
    small = Case(room=8.3)
    for batch in (400, 16, 1500, 33):
        case = Case(batch=batch)
        case.budget, case.ring, case.operator = small.budget, small.ring, plan_operator(case.plan, small.budget, 1)
        cases.append((case, [case.slopes(seed) for seed in range(3)]))
    waiting = []
    for _ in range(300):
        case, wanted = cases[rng.integers(4)]
        seed = int(rng.integers(3))
        waiting.append((case, seed, wanted[seed], case.forward(seed)[1]))
        while waiting and rng.random() < 0.45:
            case, seed, wanted, token = waiting.pop(rng.integers(len(waiting)) if rng.random() < 0.5 else -1)
            same(case.slopes(seed, token), wanted)
    counts = small.ring.counts
    assert min(counts.found, counts.missed, counts.overtaken) > 10
    assert counts.refused == 0


def test_forward_runs_without_a_gradient_are_overtaken():
    case = Case(room=4.1)
    for seed in range(30):
        case.forward(seed % 3)
    _, token = case.forward(1)
    found, counts = case.counted(lambda: case.slopes(1, token))
    assert counts == (1, 0)
    same(found, case.slopes(1))


@pytest.mark.parametrize("place", [X.TOKEN_NONCE, X.TOKEN_GENERATION, X.TOKEN_NUMBER])
def test_a_token_of_another_process_is_seen(place):
    case = Case(room=2.8)
    _, token = case.forward(1)
    for change in (1, -1, 1 << 40):
        forged = np.asarray(token).copy().view(np.int64)
        forged[place] += change
        found, counts = case.counted(lambda forged=forged: case.slopes(1, jnp.asarray(forged.view(np.uint8))))
        assert counts == (0, 1)
        same(found, case.slopes(1))


def test_a_token_of_another_call_is_seen():
    one, other = Case(room=2.9), Case(angle(3) + sel(3, depth=2), batch=BATCH)
    other.operator, other.ring = plan_operator(other.plan, one.budget, 1), one.ring
    _, token = one.forward(1)
    found, counts = one.counted(lambda: other.slopes(1, token))
    assert counts == (0, 1)
    same(found, other.slopes(1))
    fewer = Case(batch=BATCH - 1)
    fewer.operator = one.operator
    found, counts = one.counted(lambda: fewer.slopes(1, token))
    assert counts == (0, 1)
    same(found, fewer.slopes(1))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("room", [1.2, 3.4])
def test_many_threads_at_once(room):
    case, wrong = Case(room=room, threads=2), []
    wanted = [case.slopes(seed) for seed in range(6)]
    words = [np.asarray(case.forward(seed)[0]) for seed in range(6)]

    def work(seed):
        for turn in range(60):
            values, token = case.forward(seed)
            if turn % 7 == 3:
                continue  # its gradient is never taken
            found = [case.slopes(seed, token) for _ in range(1 + turn % 2)]
            for slopes in found:
                wrong.extend(1 for a, b in zip(slopes, wanted[seed], strict=True) if a.tobytes() != b.tobytes())
            wrong.extend([1] * (np.asarray(values).tobytes() != words[seed].tobytes()))

    at_once(work, 6)
    assert not wrong
    assert min(case.ring.counts.found, case.ring.counts.missed) > 0


def loss(pair):
    return lambda params, inputs: (pair.apply(params, inputs) ** 3).sum()


def recurrent(pair, length):
    def total(params, inputs):
        def step(state, _):
            return jnp.tanh(pair.apply(params, state) + state), None

        return jax.lax.scan(step, inputs, None, length=length)[0].sum()

    return total


def test_a_scan_keeps_as_many_steps_as_the_ring_holds():
    case = Case(room=4.2)
    pair = circuit(PROGRAM, executor=EngineExecutor(checkpoint_mib=case.budget / 2**20, threads=1))
    params, inputs = pair.init(0), jnp.linspace(-1, 1, 3 * BATCH).reshape(BATCH, 3)
    step = jax.jit(jax.grad(recurrent(pair, 10), (0, 1)))
    found, counts = case.counted(lambda: step(params, inputs))
    assert counts == (4, 6)
    same(found, jax.jit(jax.grad(recurrent(circuit(PROGRAM), 10), (0, 1)))(params, inputs))


def test_a_scan_of_more_steps_than_the_ring_has_records():
    pair = circuit(angle(2) + sel(2, depth=2))
    params, inputs, ring = pair.init(0), jnp.ones((1, 2)), ring_of(budget_bytes())
    step = jax.jit(jax.grad(recurrent(pair, X.RECORDS + 100), (0, 1)))
    first = jax.block_until_ready(step(params, inputs))
    before = ring.counts
    same(step(params, inputs), first)
    assert ring.counts.found - before.found == X.RECORDS
    assert ring.counts.missed - before.missed == 100


def counted_steps(function, *arguments):
    """How many gradients of one jitted call found their residual and missed it, in the ring of the default budget."""
    ring = ring_of(budget_bytes())
    jax.block_until_ready(jax.jit(function)(*arguments))
    before = ring.counts
    jax.block_until_ready(jax.jit(function)(*arguments))
    return tuple(np.subtract(ring.counts, before))[:3]


def test_which_transformations_keep_and_find():
    pair = circuit(PROGRAM)
    params, inputs = pair.init(0), jnp.linspace(-1, 1, 36).reshape(12, 3)
    slopes = jax.grad(loss(pair), (0, 1))
    assert counted_steps(slopes, params, inputs) == (1, 1, 0)
    assert counted_steps(jax.grad(recurrent(pair, 6)), params, inputs) == (6, 6, 0)
    assert counted_steps(jax.grad(jax.checkpoint(loss(pair))), params, inputs) == (1, 1, 0)
    together = jax.grad(lambda p, x: (jax.vmap(pair.apply, (None, 0))(p, x) ** 2).sum())
    assert counted_steps(together, params, inputs[:, None]) == (1, 1, 0)
    assert counted_steps(jax.vmap(slopes, (None, 0)), params, inputs[:, None]) == (0, 0, 0)
    assert counted_steps(loss(pair), params, inputs) == (0, 0, 0)
    assert counted_steps(lambda p, x: jax.vjp(loss(pair), p, x)[0], params, inputs) == (0, 0, 0)


def test_pulls_that_were_mapped_and_come_in_another_order():
    pair = circuit(angle(3) + sel(3, depth=1))
    params, inputs = pair.init(0), jnp.linspace(-1, 1, 36).reshape(4, 3, 3)
    values, pulls = jax.vmap(lambda x: jax.vjp(lambda x: pair.apply(params, x), x))(inputs)
    order = jnp.array([2, 0, 3, 1])
    turned = jax.tree.map(lambda leaf: leaf[order], pulls)
    (found,) = jax.vmap(lambda pull, cotangent: pull(cotangent))(turned, values[order])
    (wanted,) = jax.vmap(lambda pull, cotangent: pull(cotangent))(pulls, values)
    np.testing.assert_allclose(found, wanted[order], atol=1e-6)
    (single,) = jax.tree.map(lambda leaf: leaf[2], pulls)(values[2])
    np.testing.assert_allclose(single, wanted[2], atol=1e-6)


@pytest.mark.parametrize("room", [0.0, 0.9])
def test_nothing_is_kept_beyond_the_budget(room):
    case = Case(room=room)
    pair = circuit(PROGRAM, executor=EngineExecutor(checkpoint_mib=case.budget / 2**20))
    params, inputs = pair.init(0), jnp.linspace(-1, 1, 3 * BATCH).reshape(BATCH, 3)
    assert "qml_words_kept" not in str(jax.make_jaxpr(jax.grad(loss(pair)))(params, inputs))
    wanted = jax.jit(jax.grad(loss(circuit(PROGRAM))))(params, inputs)
    found = jax.jit(jax.grad(loss(pair)))(params, inputs)
    np.testing.assert_allclose(found["weights"], wanted["weights"], rtol=1e-4, atol=1e-3)


def test_weights_that_are_not_finite_leave_nothing_held():
    case = Case(room=1.3)
    (rows, shared), _ = case.numbers(0)
    for _ in range(3):
        with pytest.raises(jax.errors.JaxRuntimeError, match="NaN"):
            jax.block_until_ready(kept_p.bind(rows, shared * jnp.nan, operator=case.operator))
    _, token = case.forward(1)
    _, counts = case.counted(lambda: case.slopes(1, token))
    assert counts == (1, 0)
    assert case.ring.counts.refused == 0


def test_a_call_hires_the_helpers_that_it_is_told(monkeypatch):
    crew = Crew()
    monkeypatch.setattr(xla, "CREW", crew)
    station = xla.Station(runner_of(compile_program(PROGRAM).plan, np.dtype("float32"), budget_bytes()), 0)
    assert crew._made == 0  # not one a core: QML_THREADS=1 is told later than this
    told, _ = station.call(1 << 14, gradient=True, kept=False, initial_rows=0, checked=False, threads=3)
    assert told[X.CALL_THREADS] == 3
    assert crew._made == 2


def test_the_capacity_follows_from_the_budget():
    assert ring_capacity(budget_bytes()) == budget_bytes() // 2
    assert ring_capacity(0) == 0
    assert ring_capacity(1 << 60) < 1 << 60
    assert ring_of(budget_bytes()) is ring_of(budget_bytes())


@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
@pytest.mark.filterwarnings("ignore:.*os.fork:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_begins_with_an_empty_ring_that_nobody_has_locked():
    ring = Ring(1 << 16)
    ring.table[[X.RING_LOCK, X.RING_TOP, X.RING_HIGH]] = 1  # a thread of the parent was at work
    nonce = int(ring.table[X.RING_NONCE])
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put(ring.table.tolist()))
    child.start()
    found = queue.get()
    child.join(10)
    assert [found[place] for place in (X.RING_LOCK, X.RING_TOP, X.RING_HIGH)] == [0, 0, 0]
    assert found[X.RING_NONCE] not in (0, nonce)
    assert found[X.RING_MEMORY] == ring.table[X.RING_MEMORY]
