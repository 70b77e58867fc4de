"""The stream of random numbers that every generator of the published comparison draws from."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ConfigError, kind_of


def check_stream(random: object) -> None:
    """Raise unless `random` is NumPy's legacy generator: the published sets came from its stream.

    Raises:
        ConfigError: it is something else, such as a seed or a new generator.

    Example:
        >>> check_stream(4)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: random must be np.random.RandomState ...; got int. Say np.random.RandomState(4).
    """
    if not isinstance(random, np.random.RandomState):
        seed = random if isinstance(random, int) and not isinstance(random, bool) and 0 <= random < 2**32 else 0
        raise ConfigError(
            f"random must be np.random.RandomState (the study's generator); got {kind_of(random)}. "
            f"Say np.random.RandomState({seed})."
        )
