"""The engine inside XLA: no Python in a call, and every way in which JAX may run, split, repeat or refuse one."""

import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qml.backends.engine import EngineExecutor
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import amplitude, angle, reupload, sel
from qml.engine import reference
from qml.layers import jax_ffi, jax_operator
from qml.layers.jax import circuit
from tests.at_once import at_once
from tests.programs import random_programs, random_values

PROGRAM = angle(3) + sel(3, depth=2)
CASES = [
    pytest.param(PROGRAM, id="angle", marks=pytest.mark.slow),
    pytest.param(reupload(2, n_inputs=3, depth=2), id="reupload", marks=pytest.mark.slow),
    pytest.param(PREPARED := amplitude(1) + sel(1, depth=1), id="amplitude", marks=pytest.mark.slow),
]


@pytest.fixture
def precise():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        yield


def near(found, wanted, tolerance=1e-10):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=tolerance)


def case(program, rows=6, executor=None, dtype=jnp.float64):
    pair = circuit(program, executor=executor)
    return pair, pair.init(3, dtype), jax.random.normal(jax.random.key(0), (rows, program.n_inputs), dtype)


def loss(pair):
    return lambda params, inputs: (pair.apply(params, inputs) ** 3).sum()


def compiled_text(function, *arguments):
    return jax.jit(function).lower(*arguments).compile().as_text()


def test_no_python_in_a_call():
    pair, params, inputs = case(PROGRAM, dtype=jnp.float32)
    text = compiled_text(jax.value_and_grad(loss(pair)), params, inputs)
    assert text.count('custom_call_target="qml_engine') == 2
    assert "callback" not in text


@pytest.mark.parametrize("row_weights", [False, True])
def test_random_programs_agree_with_the_reference(precise, row_weights):
    rng = np.random.default_rng(7)
    for number, program in enumerate(random_programs(21, 6, max_qubits=4, max_gates=10)):
        inputs, weights = random_values(rng, program, 3, row_weights=row_weights)
        cotangent = rng.normal(size=(3, program.n_values))
        apply = circuit(program, executor=EngineExecutor(threads=1 + number % 2))._function

        def values(inputs, weights, apply=apply):
            if weights.ndim == 1:
                return apply(inputs, weights, jnp.int32(0))
            return jax.vmap(lambda x, w: apply(x[None], w, jnp.int32(0))[0])(inputs, weights)

        found, pull = jax.vjp(jax.jit(values), jnp.asarray(inputs), jnp.asarray(weights))
        near(found, reference.values(program, inputs, weights))
        wanted = reference.gradients(program, inputs, weights, cotangent)
        near(pull(jnp.asarray(cotangent)), (wanted.inputs_BD, wanted.weights))


@pytest.mark.parametrize("program", CASES)
def test_transformations_agree_with_the_traced_form(precise, program):
    results = []
    for executor in (None, "traced"):
        pair, params, inputs = case(program, executor=executor)
        sets, many = jax.tree.map(lambda p: jnp.stack([p, -p]), params), jnp.stack([inputs, 2 * inputs])
        slopes = jax.grad(loss(pair), (0, 1))
        found = [jax.jit(slopes)(params, inputs), slopes(params, inputs)]
        for axes in ((0, 0), (None, 0), (0, None)):
            given = (sets if axes[0] == 0 else params, many if axes[1] == 0 else inputs)
            found.append(jax.jit(jax.vmap(slopes, axes))(*given))
            together = jax.grad(lambda p, x, a=axes, q=pair: (jax.vmap(q.apply, a)(p, x) ** 3).sum(), (0, 1))
            found.append(jax.jit(together)(*given))
        found.append(jax.vmap(jax.grad(jax.jit(loss(pair))), (None, 0))(params, inputs[:, None]))
        found.append(jax.jit(jax.jacrev(pair.apply, (0, 1)))(params, inputs))
        found.append(jax.jit(jax.grad(jax.checkpoint(loss(pair)), (0, 1)))(params, inputs))
        results.append(found)
    near(*results)


def recurrent(pair):
    def total(params, inputs):
        def step(state, _):
            return jnp.tanh(pair.apply(params, state) + state), None

        return jax.lax.scan(step, inputs, None, length=3)[0].sum()

    return total


def test_scan_and_its_gradients(precise):
    results = []
    for executor in (None, "traced"):
        pair, params, inputs = case(PROGRAM, executor=executor)
        slopes = jax.grad(recurrent(pair), (0, 1))
        found = [jax.jit(slopes)(params, inputs), jax.vmap(slopes, (None, 0))(params, inputs[:, None])]
        results.append(found)
    near(*results)


def test_few_rows_of_many_qubits_run_with_amplitudes_as_lanes():
    pair, params, inputs = case(angle(13) + sel(13, depth=1), 1, dtype=jnp.float32)
    slopes = jax.value_and_grad(loss(pair), (0, 1))
    assert "qml_engine" not in compiled_text(slopes, params, inputs)
    tiled = jnp.concatenate([inputs, jnp.zeros((31, 13))])
    whole = jax.jit(lambda p, x: (pair.apply(p, x)[:1] ** 3).sum())
    near(jax.jit(slopes)(params, inputs)[0], whole(params, tiled), 1e-5)


def test_mapped_weights_over_an_empty_batch():
    pair, params, inputs = case(PROGRAM, rows=0, dtype=jnp.float32)
    several = jax.tree.map(lambda block: jnp.stack([block, block]), params)
    assert jax.vmap(pair.apply, (0, None))(several, inputs).shape == (2, 0, 3)
    slopes = jax.vmap(jax.grad(loss(pair)), (0, None))(several, inputs)
    near(slopes, jax.tree.map(jnp.zeros_like, several))


def test_donated_buffers(precise):
    pair, params, inputs = case(PROGRAM)

    @partial(jax.jit, donate_argnums=0)
    def step(params, inputs):
        return jax.tree.map(lambda p, s: p - 0.1 * s, params, jax.grad(loss(pair))(params, inputs))

    wanted = jax.tree.map(lambda p, s: p - 0.1 * s, params, jax.grad(loss(pair))(params, inputs))
    given = jax.tree.map(jnp.copy, params)
    near(step(given, inputs), wanted)
    assert all(p.is_deleted() for p in jax.tree.leaves(given))


def test_threads_do_not_change_a_bit():
    found = []
    for threads in (1, 2, 3):
        pair, params, inputs = case(angle(6) + sel(6, depth=2), 3000, EngineExecutor(threads=threads), jnp.float32)
        step = jax.jit(jax.value_and_grad(loss(pair), (0, 1)))
        found += [step(params, inputs) for _ in range(5)]
    for other in found[1:]:
        near(other, found[0], 0)


@pytest.mark.timeout(120)
def test_jitted_calls_in_many_threads_at_once():
    pair, params, inputs = case(angle(5) + sel(5, depth=2), 2000, EngineExecutor(threads=2), jnp.float32)
    step = jax.jit(jax.value_and_grad(loss(pair), (0, 1)))
    wanted, wrong = step(params, inputs), []

    def work(_):
        for _ in range(20):
            found = step(params, inputs)
            same = jax.tree.map(lambda a, b: bool((a == b).all()), found, wanted)
            wrong.extend(leaf for leaf in jax.tree.leaves(same) if not leaf)

    at_once(work, 4)
    assert not wrong


def keeps(function, params, inputs):
    names = [eqn.primitive.name for eqn in jax.make_jaxpr(function)(params, inputs).eqns]
    return names.count("qml_words_kept")


def test_a_residual_is_kept_within_the_budget_and_only_for_a_gradient():
    pair, params, inputs = case(PROGRAM, 64, dtype=jnp.float32)
    assert keeps(jax.grad(loss(pair)), params, inputs) == 1
    assert keeps(pair.apply, params, inputs) == 0
    none = circuit(PROGRAM, executor=EngineExecutor(checkpoint_mib=0.001))
    assert keeps(jax.grad(loss(none)), params, inputs) == 0
    tight = circuit(PROGRAM, executor=EngineExecutor(checkpoint_mib=0.25))
    assert keeps(jax.grad(loss(tight)), params, jnp.zeros((100_000, 3))) == 0
    assert keeps(jax.grad(loss(tight)), params, inputs) == 1
    slopes = [jax.jit(jax.grad(loss(p), (0, 1)))(params, inputs) for p in (pair, tight)]
    near(*slopes, 0)


def test_layers_of_equal_programs_share_what_is_compiled():
    one, two = circuit(angle(3) + sel(3, depth=2)), circuit(angle(3) + sel(3, depth=2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != circuit(angle(3) + sel(3, depth=1))
    traces = []

    @partial(jax.jit, static_argnums=0)
    def values(pair, params, inputs):
        traces.append(1)
        return pair.apply(params, inputs)

    _, params, inputs = case(PROGRAM, dtype=jnp.float32)
    near(values(one, params, inputs), values(two, params, inputs), 0)
    assert len(traces) == 1


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_forward_mode_is_refused_inside_and_outside_jit(precise, wrap):
    pair, params, inputs = case(PROGRAM)
    with pytest.raises(CapabilityError, match='executor="traced"'):
        jax.jvp(wrap(loss(pair)), (params, inputs), (params, inputs))
    with pytest.raises(CapabilityError, match='executor="traced"'):
        wrap(jax.hessian(lambda x: loss(pair)(params, x)))(inputs)


@pytest.mark.slow
def test_second_derivatives_are_those_of_the_traced_form(precise):
    results = []
    for executor in (None, "traced"):
        pair, params, inputs = case(PREPARED, 2, executor=executor)
        slopes = jax.grad(loss(pair), (0, 1))
        size = jax.grad(lambda p, x, s=slopes: sum((leaf**2).sum() for leaf in jax.tree.leaves(s(p, x))), (0, 1))
        results.append((size(params, inputs), jax.jit(size)(params, inputs)))
    near(*results)


def test_a_state_without_a_norm_is_an_error_inside_jit():
    pair, params, _ = case(PREPARED, dtype=jnp.float32)
    rows = jnp.ones((5, 2)).at[3].set(0)
    with pytest.raises(jax.errors.JaxRuntimeError, match="norm"):
        jax.jit(pair.apply)(params, rows).block_until_ready()
    assert jnp.isfinite(jax.jit(pair.apply)(params, rows.at[3].set(1))).all()


def test_a_row_that_is_not_finite_stays_in_its_row():
    pair, params, inputs = case(PROGRAM, dtype=jnp.float32)
    values = jax.jit(pair.apply)(params, inputs.at[2, 0].set(jnp.nan))
    assert jnp.isnan(values[2]).all()
    assert jnp.isfinite(jnp.delete(values, 2, 0)).all()


def test_the_door():
    pair, params, inputs = case(PROGRAM, dtype=jnp.float32)
    with pytest.raises(ShapeError, match=r"complex64.*inputs\.real"):
        pair.apply(params, inputs.astype(jnp.complex64))
    with pytest.raises(ConfigError, match=r"2147483648.*32-bit"):
        pair.apply(params, inputs, seed=2**31)


HEADER = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("XLA_FFI_API_MAJOR 0", "XLA_FFI_API_MAJOR 1"),
        ("  const XLA_FFI_Api* api;\n  XLA_FFI_ExecutionContext* ctx;", "  XLA_FFI_ExecutionContext* ctx;"),
        ("  int64_t rank;\n", ""),
        ("_XLA_FFI_API_STRUCT_FIELD(XLA_FFI_Error_Create);", ""),
    ],
)
def test_another_layout_of_the_interface_is_seen(old, new):
    text = HEADER.read_text()
    assert old in text
    known = jax_ffi.version_of(text)
    assert known is not None
    assert known & 0xFFFFFFFF == 0
    read_before_it = "rank" in old  # fields behind those that the handler reads may change
    assert (jax_ffi.version_of(text.replace(old, new)) == known) == read_before_it


def test_an_unknown_interface_goes_through_python_and_says_so_once(monkeypatch, caplog, tmp_path):
    monkeypatch.setattr(jax_ffi.jax.ffi, "include_dir", lambda: str(tmp_path))
    monkeypatch.setattr(jax_operator, "interface_version", (fresh := jax_ffi.interface_version.__wrapped__))
    with caplog.at_level(logging.INFO, "qml.layers.jax_ffi"):
        assert fresh() is None
    assert "callbacks" in caplog.text
    pair = circuit(reupload(2, n_inputs=2, depth=1))
    params, inputs = pair.init(0), jnp.ones((3, 2))
    text = compiled_text(jax.value_and_grad(loss(pair), (0, 1)), params, inputs)
    assert "qml_engine" not in text
    found = jax.jit(jax.value_and_grad(loss(pair), (0, 1)))(params, inputs)
    traced = circuit(pair.program, executor="traced")
    near(found, jax.value_and_grad(loss(traced), (0, 1))(params, inputs), 1e-5)


@pytest.mark.parametrize("case", ["angle", pytest.param("others", marks=pytest.mark.slow)])
def test_several_devices(case):
    """Run in a process of its own: the number of host devices is fixed when JAX starts."""
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.layers.two_devices", case], capture_output=True, text=True, env=env, cwd=root
    )
    assert done.returncode == 0, done.stderr[-3000:]
