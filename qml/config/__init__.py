"""From lines of configuration to objects: Hydra composes, this package checks and builds."""

from qml.base.extras import require

require("hydra", extra="experiments", purpose="qml.config")
from qml.config.building import build, built
from qml.config.composing import compose, register
from qml.config.credentials import check_words
from qml.config.errors import COMPOSING, NULL, below_null, translated
from qml.config.expanding import overrides_of_sizes
from qml.config.files import choices, folder
from qml.config.objects import located

__all__ = [
    "COMPOSING",
    "NULL",
    "below_null",
    "build",
    "built",
    "check_words",
    "choices",
    "compose",
    "folder",
    "located",
    "overrides_of_sizes",
    "register",
    "translated",
]
