"""The torch layer: a circuit among other modules, in any network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any

from qml.base.extras import require

require("torch", extra="torch", purpose="The torch layer")
import torch
from torch import Tensor, nn

from qml.backends import Executor
from qml.backends.check import check_is_program
from qml.base.errors import CapabilityError, ConfigError, ProgramError, ShapeError, kind_of
from qml.circuits import Program, initialise
from qml.engine.traced import traced
from qml.layers.call import TRACED, Call, width_error
from qml.layers.torch_compiled import circuit_values, drawn_seed, recorded
from qml.layers.torch_cuda import ENGINE_CUDA, CudaCall, chosen
from qml.layers.torch_functions import circuit, flat

_HALF = (torch.float16, torch.bfloat16)
_WHOLE = (torch.float32, torch.float64)


class CircuitLayer(nn.Module):
    """A Program as a torch module: features in, expectation values (or probabilities) out.

    Each block of the Program's weights is one parameter of that name and shape. First derivatives, to weights and
    inputs, come from the executor in one sweep; second and higher ones, and forward mode under `torch.func`, from
    the traced form, exact up to 12 qubits and refused beyond. `vmap`, `vmap(grad)` and per-sample weights are one
    call of the executor each.

    Works with `torch.compile` without a graph break (it is two custom operators there; second derivatives are not
    available inside a compiled graph), in DataLoader workers, under DDP and under autocast: half-precision inputs are
    cast to float32 at the door and values back. float32 and float64 are never mixed silently. An executor that
    estimates values from shots draws its seed from torch's generator, as dropout does.

    Args:
        program: the circuit.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, `"traced"` (plain torch operations: slow, any
            device, up to 12 qubits), `"engine_cuda"` (tensors on an NVIDIA GPU), or None: `"engine_cuda"` for inputs
            on such a GPU, else `"engine_cpu"`.
        init: how weights start; a name of `qml.circuits.INITIALISERS`.
        seed: makes the start a function of the seed alone; None draws from torch's generator.
        device: of the parameters.
        dtype: of the parameters; torch's default when left out.

    Shape:
        inputs `(..., D)` with any number of batch dimensions, none and empty ones included; output `(..., K)`.

    Raises:
        CapabilityError: the executor cannot run this Program, or a tensor lies on a device that it does not serve.
        ShapeError: inputs are no tensor, not floating point, of another width, or of another precision than the
            weights; or weights that were put in the place of the layer's own have another shape.
        DataError: at a call, a weight is NaN or infinite. Only `"traced"` and `"engine_cuda"` return NaN instead: a
            look at the numbers would make the host wait for the device. A row of inputs that is not finite gives NaN
            in that row.

    Example:
        >>> import torch
        >>> from qml.circuits import angle, sel
        >>> layer = CircuitLayer(angle(4) + sel(4, depth=2), executor="reference", seed=0)
        >>> layer(torch.zeros(8, 4)).shape
        torch.Size([8, 4])
    """

    part = "quantum"

    def __init__(
        self,
        program: Program,
        *,
        executor: str | Executor | None = None,
        init: str = "uniform",
        seed: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_is_program("CircuitLayer", program)
        if seed is not None and not isinstance(seed, Integral):
            raise ConfigError(f"CircuitLayer needs a whole number as its seed, or None; got {seed!r}.")
        self.program = program
        self.init = init
        self.seed = seed
        self._by_device = executor is None
        self._cuda = CudaCall(program) if executor == ENGINE_CUDA else None
        self._call = self._cuda or (None if executor == TRACED else Call(program, executor))
        self._names = tuple(block.name for block in program.blocks or ())
        self._shapes = tuple(torch.Size(block.shape) for block in program.blocks or ())
        self._width = program.n_inputs
        for block in program.blocks or ():
            parameter = nn.Parameter(torch.empty(block.shape, device=device, dtype=dtype))
            try:
                self.register_parameter(block.name, parameter)
            except KeyError as error:
                raise ProgramError(
                    f"A weight block is called {block.name!r}, which cannot name a parameter of a torch module: "
                    f"{error}. Give the block another name."
                ) from error
        self.reset_parameters()

    @classmethod
    def from_pennylane(
        cls,
        function: Callable,
        weight_shapes: Mapping[str, Any],
        *,
        n_inputs: int | None = None,
        n_qubits: int | None = None,
        **options: Any,
    ) -> CircuitLayer:
        """The layer of a PennyLane function, QNode or tape.

        Args:
            function: its argument `inputs` is data; each entry of `weight_shapes` is an argument and one parameter.
            weight_shapes: argument name -> shape.
            n_inputs: data columns, where the function does not tell.
            n_qubits: wires, where the function does not tell.
            **options: as for `CircuitLayer`.

        Raises:
            ProgramError: the function uses what a Program cannot hold; the message names it.
        """
        from qml.circuits.bridges.pennylane import from_pennylane

        return cls(from_pennylane(function, weight_shapes, n_inputs=n_inputs, n_qubits=n_qubits), **options)

    @classmethod
    def from_qiskit(
        cls,
        circuit: Any,
        input_params: Iterable[Any] = (),
        weight_params: Iterable[Any] = (),
        *,
        observables: Any = None,
        **options: Any,
    ) -> CircuitLayer:
        """The layer of a Qiskit circuit; qubit n is wire n, and the weights are one parameter `weights`.

        Args:
            circuit: a `qiskit.QuantumCircuit`.
            input_params: parameters, or a `ParameterVector`, that are data, in the order of the input columns.
            weight_params: those that are trained, in the order of `weights`.
            observables: what to read, see `qml.circuits.bridges.qiskit.from_qiskit`; <Z> of each qubit when left out.
            **options: as for `CircuitLayer`.

        Raises:
            ProgramError: the circuit holds what a Program cannot; the message names it.
        """
        from qml.circuits.bridges.qiskit import from_qiskit

        return cls(from_qiskit(circuit, input_params, weight_params, observables=observables), **options)

    @property
    def executor(self) -> str:
        """Name of the executor."""
        return TRACED if self._call is None else self._call.capabilities.name

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw fresh weights: the same ones again if the layer has a seed."""
        seed = int(torch.randint(1, 2**31 - 1, (), device="cpu")) if self.seed is None else self.seed
        start, weights = 0, torch.from_numpy(initialise(self.program, self.init, seed))
        for block in self.program.blocks or ():
            values = weights[start : start + block.size].reshape(block.shape)
            getattr(self, block.name).copy_(values)
            start += block.size

    def forward(self, inputs: Tensor) -> Tensor:
        """Values `(..., K)` of inputs `(..., D)`."""
        if not isinstance(inputs, Tensor):
            raise ShapeError(f"CircuitLayer got a {kind_of(inputs)}; hand in a torch tensor: torch.as_tensor(inputs).")
        own: dict[str, Any] = self._parameters  # a third of the time of `getattr`; what is parametrized is not there
        blocks = tuple([own[name] if name in own else getattr(self, name) for name in self._names])
        half = inputs.dtype if inputs.dtype in _HALF else None
        if half is not None:
            inputs = inputs.float()
            blocks = tuple(block.float() if block.dtype in _HALF else block for block in blocks)
        self._check(inputs, blocks)
        values = self._values(inputs if inputs.ndim == 2 else inputs.reshape(self._rows(inputs), self._width), blocks)
        if inputs.ndim != 2:
            values = values.reshape(*inputs.shape[:-1], values.shape[-1])
        return values if half is None else values.to(half)

    def _values(self, inputs_BD: Tensor, blocks: tuple[Tensor, ...]) -> Tensor:
        if self._call is None:
            return traced(self.program, torch, inputs_BD, flat(blocks, inputs_BD))
        call = self._serving(inputs_BD)
        if isinstance(call, CudaCall):
            return call.values(inputs_BD, flat(blocks, inputs_BD))
        if recorded():
            return circuit_values(inputs_BD, flat(blocks, inputs_BD), call.handle)
        return circuit(call, inputs_BD, blocks, drawn_seed(call))

    def _serving(self, inputs: Tensor) -> Any:
        """Who runs inputs on this device."""
        if self._by_device and inputs.is_cuda:
            self._cuda = self._cuda or chosen(self.program)
            return self._cuda
        return self._call

    @staticmethod
    def _rows(inputs: Tensor) -> int:
        rows = 1
        for size in inputs.shape[:-1]:
            rows = rows * size
        return rows

    def _check(self, inputs: Tensor, blocks: tuple[Tensor, ...]) -> None:
        """Raise unless inputs and weights fit each other, the Program and the executor."""
        if inputs.ndim == 0 or inputs.shape[-1] != self._width:
            raise width_error("CircuitLayer", tuple(inputs.shape), self.program)
        if inputs.layout is not torch.strided:
            raise ShapeError(
                f"CircuitLayer got inputs of layout {inputs.layout}; a row of angles has no gaps. Hand in "
                "`inputs.to_dense()`."
            )
        if inputs.dtype not in _WHOLE:
            raise ShapeError(
                f"CircuitLayer got inputs of dtype {inputs.dtype}; angles are real floating point numbers."
                + _real(inputs, blocks)
            )
        for name, shape, block in zip(self._names, self._shapes, blocks, strict=True):
            if block.shape != shape:
                raise ShapeError(
                    f"CircuitLayer got weights {name!r} of shape {tuple(block.shape)}; this Program has a block of "
                    f"shape {tuple(shape)} there. Reshape them, or make a layer of a Program of that size."
                )
            if block.dtype is not inputs.dtype:
                raise ShapeError(
                    f"CircuitLayer got inputs of dtype {inputs.dtype} and has weights of dtype {block.dtype}. "
                    + _alike(inputs.dtype, block.dtype)
                )
        if self._call is not None:
            self._check_served(self._serving(inputs), inputs, blocks)

    @staticmethod
    def _check_served(call: Any, inputs: Tensor, blocks: tuple[Tensor, ...]) -> None:
        able = call.capabilities
        for tensor in (inputs, *blocks):
            if tensor.device.type != able.device:
                raise CapabilityError(
                    f"CircuitLayer got a tensor on {str(tensor.device)!r}; executor {able.name!r} runs on "
                    f"{able.device!r} and copies nothing in secret. Move inputs and layer with `.to({able.device!r})`, "
                    f'or pass executor="{TRACED}" (any device, up to 12 qubits).'
                )
        dtype = str(inputs.dtype).removeprefix("torch.")
        if dtype not in able.dtypes:
            raise CapabilityError(
                f"CircuitLayer got {dtype}; executor {able.name!r} computes in {', '.join(able.dtypes)}. Cast layer "
                "and inputs to one of these."
            )

    def extra_repr(self) -> str:
        """What the circuit is, in one line."""
        program = self.program
        name = f"{program.name}, " if program.name else ""
        return (
            f"{name}n_qubits={program.n_qubits}, n_inputs={program.n_inputs}, n_weights={program.n_weights}, "
            f"n_values={program.n_values}, executor={self.executor!r}"
        )


def _real(inputs: Tensor, blocks: tuple[Tensor, ...]) -> str:
    """How to make real floating point numbers of inputs that are none."""
    if inputs.is_complex():
        return " Take `inputs.real` or `inputs.abs()`, or both as columns: `torch.view_as_real(inputs).flatten(-2)`."
    cast = "double" if any(block.dtype is torch.float64 for block in blocks) else "float"
    return f" Cast them: `inputs.{cast}()`."


def _alike(inputs: torch.dtype, weights: torch.dtype) -> str:
    """How to bring inputs and weights to one precision."""
    if weights in _HALF:
        return f"Cast the weights: `layer.{'double' if inputs is torch.float64 else 'float'}()`."
    down, up = ("layer", "inputs") if weights is torch.float64 else ("inputs", "layer")
    return f"Cast one of them: `{up}.double()` or `{down}.float()`."
