"""Looking at circuits: kernels, derivatives, information and entanglement, from batches of states."""

from qml.study.batches import state_batches, states
from qml.study.density import bloch_vectors, reduced_density_matrices
from qml.study.derivatives import Jacobian, jacobian
from qml.study.entanglement import entropy_profile, meyer_wallach
from qml.study.gram import alignment, centred, fidelity_gram, projected_gram
from qml.study.information import fisher_information, natural_gradient, quantum_fisher

__all__ = [
    "Jacobian",
    "alignment",
    "bloch_vectors",
    "centred",
    "entropy_profile",
    "fidelity_gram",
    "fisher_information",
    "jacobian",
    "meyer_wallach",
    "natural_gradient",
    "projected_gram",
    "quantum_fisher",
    "reduced_density_matrices",
    "state_batches",
    "states",
]
