"""A small real benchmark on digits, run once for all tests that read records."""

from __future__ import annotations

from functools import partial

import pytest
from threadpoolctl import threadpool_limits

from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.store import Store
from tests.bench.contestants import diabetes_arms, diabetes_source, digits_arms, digits_source, make_task

SMALL = Protocol(
    "small", "digits", epochs=6, trials=2, cpu_s=60.0, seeds=(0, 1, 2), rows_curve=(0.2,), floors=(("logistic", 0.8),)
)


def fill(folder, arms, source, protocol):
    store = Store(folder)
    with threadpool_limits(1):
        for seed in protocol.seeds:
            for arm in arms:
                run_cell(arm, source, make_task, protocol, seed, store)
    return store


@pytest.fixture(scope="session")
def digits_store(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("digits"), digits_arms(), partial(digits_source, rows=700), SMALL)


@pytest.fixture(scope="session")
def diabetes_store(tmp_path_factory):
    protocol = Protocol("numbers", "diabetes", epochs=5, seeds=(0, 1, 2), rank="rmse", rope=1.0)
    return fill(tmp_path_factory.mktemp("diabetes"), diabetes_arms(), diabetes_source, protocol)


@pytest.fixture(scope="session")
def fixed_store(tmp_path_factory):
    protocol = Protocol("fixed", "digits", epochs=4, seeds=(0, 1, 2))
    arms = [arm for arm in digits_arms() if arm.info.name in ("hybrid", "removed", "twin", "logistic")]
    return fill(tmp_path_factory.mktemp("fixed"), arms, partial(digits_source, fixed=True, rows=700), protocol)
