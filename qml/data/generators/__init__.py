"""Made-up data: the generators of a published comparison of classifiers, and its sets regenerated to the byte."""

from qml.data.generators.bars import bars_and_stripes
from qml.data.generators.curves import two_curves
from qml.data.generators.digits import mnist_pca
from qml.data.generators.hyperplanes import hyperplanes_parity
from qml.data.generators.labelled import Labelled
from qml.data.generators.linear import linearly_separable
from qml.data.generators.manifold import hidden_manifold
from qml.data.generators.study import FAMILIES, Family, Published, published, study_source

__all__ = [
    "FAMILIES",
    "Family",
    "Labelled",
    "Published",
    "bars_and_stripes",
    "hidden_manifold",
    "hyperplanes_parity",
    "linearly_separable",
    "mnist_pca",
    "published",
    "study_source",
    "two_curves",
]
