"""Fits that are exact where their law holds, and variances that are those of many draws."""

import numpy as np
import pytest

from qml.backends.mitigation.extrapolation import METHODS, check_method, coefficients, extrapolated
from qml.base.errors import ConfigError

SCALES = (1, 3, 5)


def series(law, scales=SCALES):
    return np.stack([law(scale) for scale in scales])


@pytest.mark.parametrize(
    ("method", "scales", "law"),
    [
        ("linear", (1, 3), lambda s: 0.7 - 0.05 * s),
        ("linear", (1, 3, 5, 9), lambda s: 0.7 - 0.05 * s),
        ("quadratic", SCALES, lambda s: 0.7 - 0.1 * s + 0.01 * s**2),
        ("richardson", (1, 3, 5, 7), lambda s: 0.7 - 0.1 * s + 0.01 * s**2 - 0.001 * s**3),
        ("exponential", (1, 3), lambda s: 0.7 * np.exp(-0.2 * s)),
        ("exponential", SCALES, lambda s: -0.7 * np.exp(-0.2 * s)),
    ],
)
def test_a_law_is_extrapolated_exactly_where_it_holds(method, scales, law):
    values = series(lambda s: np.full((2, 1), law(s)), scales)
    fit = extrapolated(scales, values, None, method, np.zeros(1))
    np.testing.assert_allclose(fit.values_RK, law(0), atol=1e-12)
    assert fit.variance_RK is None
    assert not fit.fell_back_RK.any()


def test_an_exponential_ends_at_the_limit_it_is_told():
    values = series(lambda s: np.array([[2 + 0.7 * np.exp(-0.2 * s)]]))
    np.testing.assert_allclose(extrapolated(SCALES, values, None, "exponential", np.array([2.0])).values_RK, 2.7)
    assert np.abs(extrapolated(SCALES, values, None, "exponential", np.zeros(1)).values_RK - 2.7).max() > 0.01


def test_where_no_exponential_fits_a_line_does_and_is_told():
    values = np.array([[[0.5, 0.02, 0.0]], [[0.3, -0.01, 0.0]], [[0.2, 0.01, 0.0]]])
    noise = np.full(values.shape, 0.05**2)
    fit = extrapolated(SCALES, values, noise, "exponential", np.zeros(3))
    assert fit.fell_back_RK.tolist() == [[False, True, True]]
    line = extrapolated(SCALES, values, noise, "linear", np.zeros(3))
    np.testing.assert_array_equal(fit.values_RK[:, 1:], line.values_RK[:, 1:])
    np.testing.assert_array_equal(fit.variance_RK[:, 1:], line.variance_RK[:, 1:])
    steep = extrapolated(SCALES, values, None, "exponential", np.zeros(3), steepest=1.1)
    assert steep.fell_back_RK.tolist() == [[True, True, True]]
    loud = extrapolated(SCALES, values, 25 * noise, "exponential", np.zeros(3))
    assert loud.fell_back_RK.all()


@pytest.mark.parametrize("method", METHODS)
def test_variance_is_that_of_many_draws(method):
    rng = np.random.default_rng(0)
    law = series(lambda s: np.array([0.8 * np.exp(-0.1 * s), -0.6 * np.exp(-0.15 * s)]))
    error = np.array([0.01, 0.012, 0.008])[:, None, None]
    drawn = law[:, None] + error * rng.normal(size=(3, 4000, 2))
    fit = extrapolated(SCALES, drawn, np.broadcast_to(error**2, drawn.shape), method, np.zeros(2))
    assert not fit.fell_back_RK.any()
    np.testing.assert_allclose(fit.values_RK.var(axis=0), fit.variance_RK.mean(axis=0), rtol=0.1)
    exact = extrapolated(SCALES, law[:, None], None, method, np.zeros(2)).values_RK[0]
    np.testing.assert_allclose(fit.values_RK.mean(axis=0), exact, atol=2e-3)


def test_polynomials_add_one_to_a_constant():
    for scales, degree in (((1, 3), 1), (SCALES, 1), (SCALES, 2), ((1, 3, 5, 7), 2)):
        factors = coefficients(scales, degree)
        np.testing.assert_allclose(factors.sum(), 1)
        np.testing.assert_allclose(factors @ np.asarray(scales), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("scales", "method"),
    [((1,), "linear"), ((1, 3), "quadratic"), ((3, 3), "linear"), ((), "richardson"), (SCALES, "cubic")],
)
def test_too_few_scales_and_unknown_names_are_refused(scales, method):
    with pytest.raises(ConfigError, match="Extrapolation by"):
        check_method(scales, method)
