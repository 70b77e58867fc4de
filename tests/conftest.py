"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# how fast examples are drawn says how busy the machine is, and nothing about the code
settings.register_profile("qml", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qml")
