"""IBM's machines: `IbmBackend` for those behind the service, `FakeIbmBackend` for the snapshots that IBM ships.

Neither imports IBM's client before it is first asked for something.
"""

from qml.backends.ibm.backend import IbmBackend
from qml.backends.ibm.fake import FakeIbmBackend

__all__ = ["FakeIbmBackend", "IbmBackend"]
