"""The same bits on any number of threads, calls side by side, and life after a fork."""

import ctypes
import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from qml.backends.engine import EngineExecutor
from qml.circuits import angle, sel
from qml.engine import crew_layout as C
from qml.engine import layout as L
from qml.engine import pool
from qml.engine.cache import library
from qml.engine.memory import DEFAULT_BUDGET_MIB, budget_bytes
from qml.engine.pool import Crew
from qml.engine.runner import runner_of
from tests.engine.plans import assert_same_bits, random_case

PROGRAM = angle(6) + sel(6, depth=3)


def step(executor: EngineExecutor, rows: int = 600, seed: int = 0) -> list[np.ndarray]:
    """Values and gradients of one float32 training step."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(rows, PROGRAM.n_inputs)).astype(np.float32)
    weights = np.linspace(-2, 2, PROGRAM.n_weights, dtype=np.float32)
    cotangent = random.normal(size=(rows, PROGRAM.n_values)).astype(np.float32)
    values = executor.forward(PROGRAM, inputs, weights, keep=True)
    gradients = executor.vjp(PROGRAM, inputs, weights, cotangent, residual=values.residual)
    return [values.values_BK, gradients.inputs_BD, gradients.weights]


def assert_equal(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("budget", [64 << 20, 0], ids=["checkpoints", "uncomputed"])
def test_any_number_of_threads_gives_the_same_bits(dtype, budget):
    case = random_case(np.random.default_rng(4), 6, 500, n_blocks=8)
    one = case.run(dtype, threads=1, budget=budget)
    for threads in (2, 3, 8):
        assert_same_bits(case.run(dtype, threads=threads, budget=budget), one)


def test_calls_from_several_threads_do_not_disturb_one_another():
    executor = EngineExecutor()
    expected = [step(executor, rows=40 + k, seed=k) for k in range(6)]

    def work(k: int) -> None:
        for _ in range(20):
            assert_equal(step(executor, rows=40 + k, seed=k), expected[k])

    with ThreadPoolExecutor(6) as pool:
        for result in [pool.submit(work, k) for k in range(6)]:
            result.result()


def test_small_calls_take_one_thread():
    case = random_case(np.random.default_rng(0), 4, 1)
    runner = runner_of(case.plan, np.dtype("float32"), budget_bytes())
    assert runner.threads(32, True, None) == 1
    assert runner.threads(32, True, 2) == 2


def _step_in_child(queue) -> None:
    queue.put(step(EngineExecutor(threads=2)))


@pytest.mark.skipif(sys.platform != "linux", reason="fork is not safe beside other libraries elsewhere")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*os.fork:RuntimeWarning")  # JAX warns of any fork once it is loaded
def test_a_forked_child_makes_threads_of_its_own():
    expected = step(EngineExecutor(threads=2))
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_step_in_child, args=(queue,))
    child.start()
    assert_equal(queue.get(), expected)
    child.join(timeout=60)
    assert child.exitcode == 0
    assert_equal(step(EngineExecutor(threads=2)), expected)


def test_a_crew_shares_one_job():
    crew, seen, together = Crew(), [], threading.Barrier(3)

    def job(number: int) -> None:
        together.wait(timeout=30)  # nobody goes on before all three have come
        seen.append(number)

    for _ in range(50):
        seen.clear()
        crew.run(job, threads=3)
        assert sorted(seen) == [0, 1, 2]


def test_helpers_that_come_late_are_not_waited_for():
    crew, counts = Crew(), [0, 0]

    def job(number: int) -> None:
        counts[number] += 1

    for _ in range(2000):
        crew.run(job, threads=2)
    assert counts[0] == 2000
    assert counts[1] <= 2000


def test_a_call_within_a_call_runs_alone():
    crew, inner, begun, ended = Crew(), [], threading.Event(), threading.Event()

    def outer(number: int) -> None:
        if number == 0:
            assert begun.wait(timeout=30)
            crew.run(inner.append, threads=2)  # the only helper is in use
            ended.set()
        else:
            begun.set()
            assert ended.wait(timeout=30)

    crew.run(outer, threads=2)
    assert inner == [0]


def test_an_error_of_a_helper_is_raised_and_the_crew_lives_on():
    crew, begun = Crew(), threading.Event()

    def job(number: int) -> None:
        if number == 1:
            begun.set()
            raise ValueError("on another thread")
        assert begun.wait(timeout=30)

    for _ in range(3):
        begun.clear()
        with pytest.raises(ValueError, match="on another thread"):
            crew.run(job, threads=2)
    crew.run(lambda number: None, threads=2)


def test_a_signal_while_helpers_are_called_frees_them(monkeypatch):
    crew, together, compiled = Crew(), threading.Barrier(2), pool._compiled()
    crew.address(2)
    call_one = compiled.call_one

    def interrupted(*arguments):
        call_one(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(compiled, "call_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        crew.run(lambda number: None, threads=2)
    monkeypatch.undo()
    crew.run(lambda number: together.wait(timeout=30), threads=2)  # the only helper is free again


@pytest.mark.skipif(sys.platform == "win32", reason="time of one process over all threads")
def test_a_signal_while_a_helper_is_hired_leaves_one_helper_a_post(monkeypatch):
    crew, start, together = Crew(), threading.Thread.start, threading.Barrier(3)

    def interrupted(thread):
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        crew.address(2)
    monkeypatch.undo()
    crew.run(lambda number: together.wait(timeout=30), threads=3)
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.15  # two helpers on one post would keep a core busy


def test_helpers_may_look_at_the_table_of_a_crew_that_is_forgotten():
    crew = Crew()
    crew.run(lambda number: None, threads=2)
    table = weakref.ref(crew._table.base)
    del crew
    gc.collect()
    assert table() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="no such function is known there")
def test_a_helper_that_waits_for_its_call_gives_the_core_away():
    """On the core of its caller it would else keep it from the very start that it waits for."""
    crew, rests = Crew(), []
    crew.address(2)
    assert crew._table[C.CREW_REST] == pool.yield_address() != 0
    table, frame = crew._table.copy(), np.zeros(L.FRAME_SIZE, np.int64)

    def caller() -> int:
        """What gets the core: its call begins, and there is nothing to do."""
        rests.append(1)
        frame[L.FRAME_GO] = 2
        return 0

    function = ctypes.CFUNCTYPE(ctypes.c_int64)(caller)
    table[C.CREW_REST] = ctypes.cast(function, ctypes.c_void_p).value
    library("float32").function("help_step")(table.ctypes.data, frame.ctypes.data, 0)
    assert rests


def test_the_budget_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("QML_CHECKPOINT_MIB", raising=False)
    assert budget_bytes() == DEFAULT_BUDGET_MIB << 20
    monkeypatch.setenv("QML_CHECKPOINT_MIB", "3")
    assert budget_bytes() == 3 << 20
    assert EngineExecutor()._budget == 3 << 20
    assert os.environ["QML_CHECKPOINT_MIB"] == "3"
