"""What holds for all tests."""

import gc

from hypothesis import HealthCheck, settings

# how fast examples are drawn says how busy the machine is, and nothing about the code
settings.register_profile("qml", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qml")


def pytest_collection_finish(session):
    """Collect garbage seldom: JAX collects its own each time, and the modules of all tests are gone through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
