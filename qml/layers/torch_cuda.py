"""The torch layer on a GPU: a Program's columns and words as torch operations around one operator of its Plan."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import Any

from qml.base.extras import require

require("torch", extra="torch", purpose="The CUDA engine for torch")
import torch
from torch import Tensor

from qml.backends.check import check_program
from qml.backends.executor import Capabilities
from qml.base.errors import CapabilityError
from qml.circuits.program import Program
from qml.engine.compile import Compiled, compile_program
from qml.engine.gpu.driver import Driver, driver_of
from qml.engine.gpu.instance import MAX_QUBITS
from qml.engine.mapped import mapped_columns, mapped_values
from qml.layers.torch_cuda_compiled import cuda_values, entered
from qml.layers.torch_cuda_functions import CudaPlan, Site, plan_words

logger = logging.getLogger(__name__)

ENGINE_CUDA = "engine_cuda"


class CudaSite:
    """Tensors on NVIDIA devices; kernels go to torch's current stream.

    Example:
        >>> CudaSite().device_type
        'cuda'
    """

    device_type = "cuda"

    def launcher(self, device: torch.device) -> Driver:
        """The device behind a tensor.

        Raises:
            CapabilityError: the stream is being captured, and kernels are still to be loaded.
        """
        if torch.cuda.is_current_stream_capturing():
            raise CapabilityError(
                "A circuit met a CUDA graph capture in its first call, in which kernels are loaded and compiled. Call "
                "the layer, forward and backward, once before the capture."
            )
        index = torch.cuda.current_device() if device.index is None else device.index
        return driver_of(index)

    def stream(self, device: torch.device) -> int:
        """Handle of torch's current stream."""
        return torch.cuda.current_stream(device).cuda_stream

    def guard(self, device: torch.device) -> contextlib.AbstractContextManager:
        """Makes `device` the current one."""
        return torch.cuda.device(device)

    def settle(self, program: Tensor) -> None:
        """Wait for the copy of a program, bytes `(N,)`, once."""
        torch.cuda.current_stream(program.device).synchronize()

    def use(self, program: Tensor) -> None:
        """Keep the memory of a program, bytes `(N,)`, from other use until this stream is done with it."""
        program.record_stream(torch.cuda.current_stream(program.device))


class CudaCall:
    """A Program on a GPU: what `qml.layers.call.Call` is for executors on the host.

    Holds a specification only, so that it pickles and copies.

    Args:
        program: the circuit.
        site: where tensors live; None for NVIDIA devices.
        tile: as for `qml.engine.gpu.runner.GpuRunner`.

    Raises:
        CapabilityError: too many qubits.
    """

    def __init__(self, program: Program, site: Site | None = None, tile: tuple[int, int] | None = None):
        self.program, self._site, self._tile = program, site or CudaSite(), tile
        self.capabilities = Capabilities(ENGINE_CUDA, True, MAX_QUBITS, device=self._site.device_type)
        check_program(program, self)  # pyright: ignore[reportArgumentType]
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self.handle = entered(self)
        self._plans: dict[bool, tuple[Compiled, CudaPlan]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"program": self.program, "_site": self._site, "_tile": self._tile, "capabilities": self.capabilities}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def values(self, inputs_BD: Tensor, weights: Tensor) -> Tensor:
        """Values `(B, K)`, differentiable; weights `(P,)`, or `(B, P)` for one set a row.

        Raises:
            CapabilityError: inputs and weights are on different devices.
            MissingExtraError: there is no CUDA driver, or no compiler for the kernels.
        """
        if inputs_BD.device != weights.device:
            raise CapabilityError(
                f"A circuit got inputs on {str(inputs_BD.device)!r} and weights on {str(weights.device)!r}. Move one: "
                f"`layer.to({str(inputs_BD.device)!r})` or `inputs.to({str(weights.device)!r})`."
            )
        if torch.compiler.is_compiling():
            return cuda_values(inputs_BD, weights, self.handle)
        return self.run(inputs_BD, weights)

    def run(self, inputs_BD: Tensor, weights: Tensor) -> Tensor:
        """The same without a look at the arguments, and not for `torch.compile`."""
        compiled, plan = self._plan(weights.ndim == 2)
        rows, shared, initial = mapped_columns(compiled, torch, inputs_BD, weights)
        return mapped_values(compiled, torch, plan_words(plan, rows, shared, initial))

    def _plan(self, row_weights: bool) -> tuple[Compiled, CudaPlan]:
        with self._lock:
            if row_weights not in self._plans:
                compiled = compile_program(self.program, row_weights)
                self._plans[row_weights] = (compiled, CudaPlan(compiled.plan, self._site, self._tile))
            return self._plans[row_weights]


def chosen(program: Program) -> CudaCall:
    """The call for inputs that turned out to lie on a GPU; said once, because nobody asked for it by name."""
    logger.info("inputs lie on a GPU: the circuit runs there, on executor %r", ENGINE_CUDA)
    return CudaCall(program)
