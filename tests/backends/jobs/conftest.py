import pytest

from tests.backends.jobs.made import Rig


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path)
    made.machine.reset()
    return made
