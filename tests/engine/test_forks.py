"""What a forked child inherits: no lock that another thread held, and no runner that lives for ever because of it."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
import weakref

import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock

from qml.backends.engine import EngineExecutor
from qml.base.lazy import cached_property
from qml.circuits import angle, sel
from qml.engine.cache import exclusive
from qml.engine.compile import compile_program
from qml.engine.forks import fresh_in_children
from qml.engine.wide.runner import WideRunner

forks = pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
pytestmark = [  # JAX warns of any fork once it is loaded, Python 3.12 of any beside threads
    pytest.mark.filterwarnings("ignore:.*os.fork:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Slow:
    """Computes its value while others wait, or fork."""

    def __init__(self):
        self.begun, self.go_on = threading.Event(), threading.Event()

    @cached_property
    def value(self) -> int:
        self.begun.set()
        self.go_on.wait(10)
        return 1


@forks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads, which is what is tested
def test_a_value_in_the_making_does_not_stop_a_child():
    slow, quick = Slow(), Slow()
    quick.go_on.set()
    maker = threading.Thread(target=lambda: slow.value)
    maker.start()
    slow.begun.wait(10)
    child = multiprocessing.get_context("fork").Process(target=lambda: quick.value)
    child.start()
    child.join(10)
    alive = child.is_alive()
    child.kill()
    slow.go_on.set()
    maker.join()
    assert not alive


@forks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_of_a_busy_process_run_circuits():
    executor, program = EngineExecutor(threads=2), angle(9) + sel(9, depth=2)
    inputs, weights = np.ones((40, 9)), np.ones(program.n_weights)
    wanted = executor.forward(program, inputs, weights).values_BK
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            fresh = angle(9) + sel(9, depth=2)  # its digest is computed anew
            executor.forward(fresh, inputs, weights)

    def work(queue):
        queue.put(executor.forward(angle(9) + sel(9, depth=2), inputs, weights).values_BK)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    context, found = multiprocessing.get_context("fork"), []
    for _ in range(8):
        queue = context.SimpleQueue()
        child = context.Process(target=work, args=(queue,))
        child.start()
        child.join(20)
        found.append(queue.get() if child.exitcode == 0 else child.exitcode)
        child.kill()
    stop.set()
    for thread in threads:
        thread.join()
    for values in found:
        np.testing.assert_array_equal(values, wanted)


def test_a_runner_is_freed_with_its_last_reference():
    runner = WideRunner(compile_program(angle(4) + sel(4, depth=1)).plan, "float32", 1 << 20)
    watch = weakref.ref(runner)
    del runner
    gc.collect()
    assert watch() is None


def test_functions_and_methods_are_called_at_once():
    calls = []
    fresh_in_children(lambda: calls.append("function"))
    assert calls == ["function"]


@forks
def test_a_child_can_compile_although_it_was_forked_beside_a_thread_that_compiles():
    begun, go_on = threading.Event(), threading.Event()

    def compiles():
        with global_compiler_lock:
            begun.set()
            go_on.wait(10)

    def work():
        sys.exit(0 if global_compiler_lock._lock.acquire(timeout=5) else 1)

    other = threading.Thread(target=compiles)
    other.start()
    begun.wait(10)
    threading.Timer(0.5, go_on.set).start()
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(20)
    other.join()
    assert child.exitcode == 0


@forks
def test_a_child_forked_beside_a_thread_that_fills_the_cache_finds_it_open_afterwards(tmp_path):
    def work():
        with exclusive(tmp_path):
            pass

    with exclusive(tmp_path):
        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
    child.join(20)
    alive = child.is_alive()
    child.kill()
    assert not alive
