"""The way to a device: packing, compiling, launching and refusing, with a stand-in for the driver."""

import ctypes
import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.gpu import gate_by_gate, main
from benchmarks.workload import Size, numbers
from qml.base.errors import CapabilityError, MissingExtraError
from qml.circuits import angle, sel
from qml.engine import reference
from qml.engine.compile import compile_program
from qml.engine.gpu import cubins, driver, nvrtc, report
from qml.engine.gpu.driver import CudaError, Driver, libcuda
from qml.engine.gpu.instance import Instance, choose
from qml.engine.gpu.kernels import source
from qml.engine.gpu.packed import Call, pack
from qml.engine.gpu.runner import GpuRunner
from tests.engine.gpu.emulated import FakeCuda, compiled, emulated_driver, need_compiler
from tests.engine.gpu.runs import run_case
from tests.engine.gpu.test_kernels import layers

PLAN = compile_program(angle(4) + sel(4, depth=2)).plan


def test_structures_are_those_of_the_kernels():
    need_compiler()
    assert compiled(Instance("float32", 2, 2, False).options).qml_call_bytes() == ctypes.sizeof(Call)


@pytest.mark.parametrize("n_qubits", range(4, 14))
def test_layers_meet_no_bank_twice_and_need_no_signs(n_qubits):
    plan = compile_program(angle(n_qubits) + sel(n_qubits, depth=3)).plan
    packed = pack(plan, choose(n_qubits, "float32", 232448))
    assert packed.conflicts == 0
    assert packed.instance.paths == 0


def test_a_call_is_four_launches_on_the_stream_of_the_caller(monkeypatch):
    device = emulated_driver(monkeypatch)
    run_case(device, layers(4, 2, 40), "float32")
    assert [name for name, *_ in device.library.launched] == ["qml_setup", "qml_small", "qml_shared_sums"]
    assert {stream for *_, stream in device.library.launched} == {7}


def test_a_refused_launch_is_said(monkeypatch):
    device = emulated_driver(monkeypatch)
    runner = GpuRunner(PLAN, "float32", device)
    with pytest.raises(CudaError, match=r"qml_small on a grid .* CUDA_ERROR_EXAMPLE"):
        runner.kernels.launch("qml_small", (1, 1), 32, 1 << 20, 0, Call())


def test_a_device_with_little_shared_memory_takes_tiles(monkeypatch):
    assert choose(12, "float32", 232448).large is False
    small = choose(12, "float32", 65536)
    assert small.large
    assert small.shared_bytes(12) <= 65536
    with pytest.raises(CapabilityError, match="more shared memory a block than the 1000 bytes"):
        choose(12, "float32", 1000)
    with pytest.raises(CapabilityError, match="at most 30 qubits; this Plan has 31"):
        choose(31, "float32", 232448)
    with pytest.raises(CapabilityError, match="float16"):
        choose(4, "float16", 232448)


def test_a_machine_without_a_driver_says_what_to_do(monkeypatch):
    monkeypatch.setattr(driver.ctypes, "CDLL", _missing)
    libcuda.cache_clear()
    with pytest.raises(MissingExtraError, match='executor="engine_cpu"'):
        libcuda()


def test_a_machine_without_a_device_says_so(monkeypatch):
    class NoDevice:
        def cuInit(self, flags):
            return 100

    monkeypatch.setattr(driver.ctypes, "CDLL", lambda name: NoDevice())
    libcuda.cache_clear()
    with pytest.raises(CapabilityError, match="found no device"):
        libcuda()
    libcuda.cache_clear()


def test_a_machine_without_a_compiler_says_so(monkeypatch):
    monkeypatch.setattr(nvrtc.ctypes, "CDLL", _missing)
    nvrtc.library.cache_clear()
    with pytest.raises(MissingExtraError, match="pip install nvidia-cuda-nvrtc"):
        nvrtc.library()


def _missing(name):
    raise OSError(name)


def test_machine_code_is_kept_by_all_that_it_depends_on(monkeypatch, tmp_path):
    made = []

    def compile_source(text, options):
        made.append(options)
        return nvrtc.Compiled(b"code", "")

    monkeypatch.setenv("QML_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(nvrtc, "compile_source", compile_source)
    monkeypatch.setattr(nvrtc, "version", lambda: "13.0")
    instance = choose(4, "float32", 232448)
    assert cubins.cubin(instance, "sm_90") == cubins.cubin(instance, "sm_90") == b"code"
    cubins.cubin(instance, "sm_80")
    monkeypatch.setattr(nvrtc, "version", lambda: "13.1")
    cubins.cubin(instance, "sm_90")
    assert len(made) == 3
    assert len(list((tmp_path / "qml-hybrid" / "gpu").iterdir())) == 3


def test_importing_needs_neither_driver_nor_compiler():
    code = (
        "import sys, qml.engine.gpu.driver, qml.engine.gpu.nvrtc, qml.engine.gpu.runner; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("nvidia") is None, reason="NVRTC is not installed")
@pytest.mark.parametrize("arch", ["sm_80", "sm_90"])
@pytest.mark.parametrize(("n_qubits", "dtype"), [(4, "float32"), (8, "float32"), (8, "float64"), (20, "float32")])
def test_no_kernel_spills(n_qubits, dtype, arch):
    for _, instance, _ in report.instances(n_qubits, 2, dtype, arch):
        found = report.compiled(instance, arch)[0]
        assert set(instance.kernels) == set(found)
        assert all(figure.stack == figure.spill_stores == figure.spill_loads == 0 for figure in found.values()), found


def test_the_source_is_one_text():
    assert source().count("struct Call {") == 1
    assert '#include "team.cuh"' not in source()


def test_the_benchmark_says_that_there_is_no_device(capsys):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a device")
    assert main([]) == 2
    assert "nothing was measured" in capsys.readouterr().err


def test_the_plain_circuit_of_the_benchmark_is_the_workload():
    torch = pytest.importorskip("torch")
    from benchmarks.circuit import program

    size = Size(3, 2, 4)
    given = numbers(size)
    found = gate_by_gate(size)(torch.from_numpy(given.inputs_BD).double(), torch.from_numpy(given.weights_P).double())
    expected = reference.values(program(size), given.inputs_BD, given.weights_P)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_a_second_device_has_a_context_of_its_own():
    need_compiler()
    library = FakeCuda()
    first, second = Driver(0, library), Driver(1, library)
    first.enter()
    second.enter()
    assert library._current == 4097
