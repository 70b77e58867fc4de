"""The study's models of square images, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from qml.base.errors import ConfigError
from qml.base.memory import check_memory
from qml.circuits import published as circuits
from qml.circuits.program import Program
from qml.models.published.spec import Published, Scaling
from qml.models.signature import placed

IMAGE_RATES = (0.0001, 0.001, 0.01)
FILTERS = ("edge_detect", "smooth", "sharpen")
Moves = Literal["last", "nine"]


def side_of(model: Published) -> int:
    """Pixels a side of the images of a model.

    Raises:
        ConfigError: rows are no square images of one channel.
    """
    side = math.isqrt(model.n_features)
    if side**2 != model.n_features or side < 2:
        shape = placed(model, model.signature).input_shape
        raise ConfigError(
            f"The model {model.entry!r} was asked for; rows have shape {shape}, and it needs square images of one "
            f"channel. Use another model, or crop the images."
        )
    return side


@dataclass(frozen=True)
class WeiNet(Published):
    """The image as amplitudes, moved by a mixture of cyclic moves, and a logistic regression on <Z> and <Z Z>.

    The study's text mixes nine moves, one for each place of a 3 x 3 filter. Its code calls nine circuits that all
    read the last place, because they are made in a loop and look their place up when they run; so one move remains,
    by one pixel down and one to the right, the nine weights change nothing, and the filter does not enter at all.

    Args:
        moves: "last": that one move, as the published numbers were made; "nine": all of them.
        filter_name: kept as a hyper-parameter because it was searched; it changes nothing.

    References:
        Wei et al., AAPPS Bulletin 32, 2 (2022).

    Example:
        >>> from qml.models import Signature
        >>> model = WeiNet(Signature((16,), 2)).build(seed=0)
        >>> sum(parameter.numel() for parameter in model.parameters())
        13
    """

    moves: Moves = "last"
    filter_name: str = "edge_detect"

    name: ClassVar[str] = "weinet"
    words: ClassVar[str] = "WeiNet"
    loss: ClassVar[str] = "logistic"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"filter_name": FILTERS}
    known: ClassVar[Mapping[str, tuple[str, ...]]] = {"filter_name": FILTERS, "moves": get_args(Moves)}
    learning_rates: ClassVar[tuple[float, ...]] = IMAGE_RATES

    def check(self) -> None:
        """Raise `ConfigError` before any work unless rows are images of two classes, of three pixels a side or more."""
        super().check()
        if side_of(self) < 3:
            raise ConfigError(f"{self.entry!r} needs images of 3 pixels a side or more; got {side_of(self)}.")

    @property
    def programs(self) -> tuple[Program, ...]:
        """One circuit a move; the separable version does not move."""
        side = 2 ** math.ceil(math.log2(side_of(self)))
        if self.separable:
            moves = [(0, 0)]
        elif self.moves == "last":
            moves = [(1, 1)]
        else:
            moves = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
        return tuple(circuits.shifted_image(side, *move) for move in moves)

    def network(self, seed: int) -> Any:
        """Images `(B, ...)` to one logit `(B, 1)`."""
        from qml.models.published.image_networks import MovedImages

        return MovedImages(self.programs, side_of(self), self.executor, seed)


@dataclass(frozen=True)
class Quanvolution(Published):
    """A CNN behind fixed random circuits that read windows of a black-and-white image.

    A window of bits goes in as turns by pi; out comes the number of ones in the most probable outcome. That is a table
    of `2**(window**2)` numbers, filled once. Behind it stands `StudyCnn` with other padding.

    Args:
        window: pixels a side of what a circuit reads.
        channels: circuits.
        kernel: pixels a side of the convolutions of the CNN.

    References:
        Henderson et al., Quantum Machine Intelligence 2, 2 (2020).
    """

    window: int = 2
    channels: int = 1
    kernel: int = 3

    name: ClassVar[str] = "quanvolution"
    words: ClassVar[str] = "Quanvolution"
    loss: ClassVar[str] = "logistic"
    scaling: ClassVar[Scaling] = "angles"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"window": (2, 3), "channels": (1, 5, 10), "kernel": (2, 3, 5)}
    counts: ClassVar[tuple[str, ...]] = ("window", "channels", "kernel")
    learning_rates: ClassVar[tuple[float, ...]] = IMAGE_RATES

    def check(self) -> None:
        """Raise before any work if this model cannot be built.

        Raises:
            ConfigError: rows are no images of two classes, or are smaller than a window.
            CapabilityError: probabilities of all outcomes for all windows do not fit the memory.
        """
        super().check()
        if self.window > side_of(self):
            raise ConfigError(
                f"A window of {self.window} pixels was asked of images of {side_of(self)} a side. Take a smaller one."
            )
        check_memory(
            8 * 4 ** min(self.window**2, 30),
            f"The table of a circuit that reads windows of {self.window} x {self.window} pixels",
            "Take a smaller window.",
        )

    @property
    def program(self) -> Program:
        """The circuit of every channel; their weights differ."""
        return circuits.random_filter(self.window, separable=self.separable)

    def network(self, seed: int) -> Any:
        """Images `(B, ...)` to one logit `(B, 1)`."""
        from qml.models.published.image_networks import QuanvolutionNetwork

        sizes = side_of(self), self.window, self.channels, self.kernel
        return QuanvolutionNetwork(self.program, *sizes, self.executor, seed)


@dataclass(frozen=True)
class StudyCnn(Published):
    """The study's classical CNN: two convolutions of 32 and 64 channels with pooling, a layer of 128, one logit.

    There is no nonlinearity between the convolutions but the pooling, and no separable version.

    Args:
        kernel: pixels a side of the convolutions.

    Raises:
        ConfigError: a separable version is asked for.
    """

    kernel: int = 3

    name: ClassVar[str] = "study_cnn"
    words: ClassVar[str] = "CNN of the study"
    loss: ClassVar[str] = "logistic"
    scaling: ClassVar[Scaling] = "standard"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"kernel": (2, 3, 5)}
    counts: ClassVar[tuple[str, ...]] = ("kernel",)
    learning_rates: ClassVar[tuple[float, ...]] = IMAGE_RATES

    def __post_init__(self):
        super().__post_init__()
        if self.separable:
            raise ConfigError("A CNN has no separable version. Leave separable out.")

    @property
    def family(self) -> Literal["baseline"]:
        """A classical baseline."""
        return "baseline"

    def check(self) -> None:
        """Raise `ConfigError` before any work unless rows are images of two classes, of four pixels a side or more."""
        super().check()
        if side_of(self) < 4:
            raise ConfigError(f"{self.entry!r} halves images twice and needs 4 pixels a side; got {side_of(self)}.")

    def network(self, seed: int) -> Any:
        """Images `(B, ...)` to one logit `(B, 1)`."""
        from qml.models.published.image_networks import StudyCnnNetwork

        return StudyCnnNetwork(side_of(self), self.kernel, seed)
