"""What stands in front of the circuit, as frozen values: nothing, an MLP, a CNN, or a network of your own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from qml.base.errors import ConfigError, ShapeError
from qml.base.registry import Registry


@runtime_checkable
class FeaturesSpec(Protocol):
    """A network from a row of data to `F` numbers, as a value that builds itself.

    Make your own as a frozen dataclass with this one method; a JAX hybrid takes `Identity` and `Mlp` only.
    """

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """An `nn.Module` that maps `(B, *input_shape)` to `(B, F)`; `F` is found by a dry run."""
        ...


FEATURES: Registry[Callable[..., FeaturesSpec]] = Registry("model/features")


@dataclass(frozen=True)
class Identity:
    """The inputs themselves, flattened."""

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """`(B, *input_shape) -> (B, prod(input_shape))`, no weights."""
        from qml.models.networks import identity

        return identity(input_shape)


@dataclass(frozen=True)
class Mlp:
    """Linear layers with ReLU.

    Args:
        widths: units of each layer; the last is `F`.
        dropout: share of units dropped in training.
    """

    widths: tuple[int, ...] = (64,)
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(int(width) for width in self.widths))
        if not self.widths or min(self.widths) < 1:
            raise ConfigError(f"An MLP needs at least one layer of positive width; got widths={self.widths}.")
        check_share("dropout", self.dropout)

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """`(B, *input_shape) -> (B, widths[-1])`."""
        from qml.models.networks import mlp

        return mlp(input_shape, self.widths, self.dropout)


@dataclass(frozen=True)
class Cnn:
    """Convolutions of 3 x 3 with batch normalisation, ReLU and halving, then one linear layer.

    Args:
        channels: of each convolution; each halves height and width.
        width: `F`, units of the linear layer behind them.
        dropout: share of its inputs dropped in training.
    """

    channels: tuple[int, ...] = (16, 32)
    width: int = 64
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "channels", tuple(int(channel) for channel in self.channels))
        if not self.channels or min(self.channels) < 1 or self.width < 1:
            raise ConfigError(
                f"A CNN needs at least one convolution and positive sizes; got channels={self.channels}, "
                f"width={self.width}."
            )
        check_share("dropout", self.dropout)

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """`(B, C, H, W) -> (B, width)`; `(H, W)` is taken as one channel.

        Raises:
            ShapeError: the rows are no images, or too small for so many halvings.
        """
        from qml.models.networks import cnn

        shape = (1, *input_shape) if len(input_shape) == 2 else input_shape
        if len(shape) != 3 or min(shape[1:]) < 2 ** len(self.channels):
            raise ShapeError(
                f"CNN features were asked for; rows have shape {input_shape}, and {len(self.channels)} convolutions "
                f"need images (C, H, W) of at least {2 ** len(self.channels)} pixels a side. Use features 'mlp', or "
                f"fewer channels."
            )
        return cnn(shape, self.channels, self.width, self.dropout)


@dataclass(frozen=True)
class Own:
    """A network of your own package, named by its address.

    Args:
        make: `"package.module:name"` of a callable `(input_shape, **options) -> nn.Module` giving `(B, F)`.
        options: its further arguments.
    """

    make: str
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self):
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted((str(key), value) for key, value in pairs)))

    def build(self, input_shape: tuple[int, ...]) -> Any:
        """Calls `make`.

        Raises:
            ConfigError: there is no such callable, or it does not take these options.
        """
        make, options = located(self.make), dict(self.options)
        try:
            inspect.signature(make).bind(input_shape, **options)
        except TypeError as error:
            raise ConfigError(
                f"Features {self.make!r} were asked for with options {sorted(options)}; it is called as "
                f"make(input_shape, **options), and {error}. Change model.features.options."
            ) from error
        return make(input_shape, **options)


for _name, _made in (("identity", Identity), ("mlp", Mlp), ("cnn", Cnn), ("own", Own)):
    FEATURES.add(_name, _made)


def located(address: str) -> Callable[..., Any]:
    """The callable at `"package.module:name"`.

    Raises:
        ConfigError: no such module or name.
    """
    module, _, name = address.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"A callable at {address!r} was asked for; {error}. Write 'package.module:name' of something that can be "
            f"imported from here."
        ) from error


def check_share(name: str, value: float) -> None:
    """Raise `ConfigError` unless `value` is in 0 <= value < 1."""
    if not 0 <= value < 1:
        raise ConfigError(f"{name}={value} was asked for; it is a share, so 0 <= {name} < 1.")
