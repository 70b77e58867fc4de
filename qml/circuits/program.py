"""A circuit as a frozen, hashable, picklable value: the key of every cache, store, estimate and record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from qml.base.digest import digest
from qml.base.errors import ProgramError
from qml.base.lazy import cached_property
from qml.circuits.angle import Angle, Slot
from qml.circuits.counting import whole_number
from qml.circuits.gates import PREPARATIONS, Gate, check_gate, invert
from qml.circuits.readout import Readout, z_each

ROLES = ("angle", "scale", "mirrored")


@dataclass(frozen=True)
class WeightBlock:
    """A named array among the flat weights: one parameter, and one `state_dict` key, of a layer.

    `role` says what the numbers are: `"angle"` (radians, initialised at random) or `"scale"` (a factor of
    an input, such as a trainable frequency, initialised at one), or `"mirrored"` (two equal halves along the
    first axis, for a circuit and its inverse, see `mirrored`).

    Raises:
        ProgramError: a name that cannot be a parameter's, another role, or a negative size.
    """

    name: str
    shape: tuple[int, ...]
    role: str = "angle"

    def __post_init__(self):
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))
        if not self.name.isidentifier() or self.role not in ROLES or min(self.shape, default=0) < 0:
            raise ProgramError(
                f"A block of weights needs a name that is an identifier, a role among {', '.join(ROLES)} and sizes of "
                f"0 or more; got name {self.name!r}, role {self.role!r}, shape {self.shape}."
            )

    @property
    def size(self) -> int:
        """Numbers in this block."""
        return math.prod(self.shape)


@dataclass(frozen=True, repr=False)
class Program:
    """A parametrised circuit with its readout.

    Args:
        n_qubits: number of wires; wire 0 is the most significant bit of a basis state.
        gates: applied in order.
        readout: the `K` numbers it returns a row; <Z> of each wire when left out.
        n_inputs: data columns `D` a row is handed; at least one more than the largest slot used.
        n_weights: trained numbers `P`.
        blocks: how the flat weights are cut into named arrays, in order; one block "weights" when left out.

    Raises:
        ProgramError: a wire, slot, block or readout that does not fit; the message names the gate.

    Example:
        >>> from qml.circuits import angle, sel
        >>> program = angle(4) + sel(4, depth=2)
        >>> program.n_qubits, program.n_inputs, program.n_weights, program.n_values
        (4, 4, 24, 4)
    """

    n_qubits: int
    gates: tuple[Gate, ...] = ()
    readout: Readout = None  # pyright: ignore[reportAssignmentType]  (None becomes <Z> of each wire)
    n_inputs: int = 0
    n_weights: int = 0
    blocks: tuple[WeightBlock, ...] = None  # pyright: ignore[reportAssignmentType]  (None becomes one block)
    name: str = field(default="", compare=False)

    def __post_init__(self):
        for count in ("n_qubits", "n_inputs", "n_weights"):
            object.__setattr__(self, count, whole_number(f"{count} of a Program", getattr(self, count)))
        if self.n_qubits < 1:
            raise ProgramError(f"A Program needs at least one qubit; got n_qubits={self.n_qubits}.")
        object.__setattr__(self, "gates", tuple(self.gates))
        if self.readout is None:
            object.__setattr__(self, "readout", z_each(range(self.n_qubits)))
        if self.blocks is None:
            whole = (WeightBlock("weights", (self.n_weights,)),) if self.n_weights else ()
            object.__setattr__(self, "blocks", whole)
        self._check()

    def _check(self) -> None:
        touched: set[int] = set()
        for position, gate in enumerate(self.gates):
            check_gate(gate, self.n_qubits, position)
            if gate.name in PREPARATIONS and touched & set(gate.wires):
                raise ProgramError(
                    f"Gate {position} ({gate.name}) prepares wires {gate.wires}, but earlier gates act on "
                    f"{sorted(touched & set(gate.wires))}. A preparation must be the first gate on its wires."
                )
            touched |= set(gate.wires)
            for angle in gate.angles:
                self._check_slots(angle, gate, position)
        bad = [wire for wire in self.readout.wires if not 0 <= wire < self.n_qubits]
        if bad or self.readout.n_values == 0 or len(set(self.readout.wires)) != len(self.readout.wires):
            raise ProgramError(
                f"The readout {self.readout} does not fit {self.n_qubits} qubits: it must return at least one "
                f"number and name each of the wires 0..{self.n_qubits - 1} at most once."
            )
        names = [block.name for block in self.blocks]
        if sum(block.size for block in self.blocks) != self.n_weights or len(set(names)) != len(names):
            raise ProgramError(f"The blocks {self.blocks} must have distinct names and hold {self.n_weights} weights.")

    def _check_slots(self, angle: Angle, gate: Gate, position: int) -> None:
        for kind, used, size in (("input", angle.inputs, self.n_inputs), ("weight", angle.weights, self.n_weights)):
            if used and used[-1] >= size:
                raise ProgramError(
                    f"Gate {position} ({gate.name}) uses {kind} slots {used}, but this Program has {size}. "
                    f"Pass n_{kind}s={used[-1] + 1}."
                )

    @property
    def n_values(self) -> int:
        """Numbers `K` that the readout returns a row."""
        return self.readout.n_values

    @cached_property
    def digest(self) -> str:
        """Content key: equal Programs have equal digests in every process."""
        return digest(self)

    @cached_property
    def _hash(self) -> int:
        return hash(self.digest)

    def __hash__(self) -> int:
        return self._hash

    def __getstate__(self) -> dict:
        return {kept.name: getattr(self, kept.name) for kept in fields(self)}  # nothing that is cached

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)

    def with_readout(self, readout: Readout) -> Program:
        """The same gates with another readout."""
        return replace(self, readout=readout)

    def __add__(self, other: Program) -> Program:
        """`self` and then `other`: inputs shared by index, weights appended, the right-hand readout."""
        if not isinstance(other, Program):
            return NotImplemented
        return self._joined(other, weight_offset=self.n_weights)

    def __pow__(self, times: int) -> Program:
        """`self` repeated, each time with weights of its own."""
        if times < 1:
            raise ProgramError(f"A Program can be repeated 1 or more times; got {times}.")
        result = self
        for _ in range(times - 1):
            result = result + self
        return result

    def tied(self, other: Program) -> Program:
        """`self` and then `other`, which reads the same weights by index instead of new ones."""
        return self._joined(other, weight_offset=0)

    def _joined(self, other: Program, weight_offset: int) -> Program:
        n_qubits = max(self.n_qubits, other.n_qubits)
        if self.n_qubits != other.n_qubits:
            raise ProgramError(
                f"Cannot join a Program of {self.n_qubits} qubits with one of {other.n_qubits}. "
                "Give both the same n_qubits."
            )
        gates = self.gates + tuple(
            replace(gate, angles=tuple(a.shifted(weights=weight_offset) for a in gate.angles)) for gate in other.gates
        )
        if weight_offset or not self.n_weights:
            blocks = _appended(self.blocks, other.blocks)
        else:
            blocks = self.blocks if self.n_weights >= other.n_weights else other.blocks
        return Program(
            n_qubits,
            gates,
            other.readout,
            max(self.n_inputs, other.n_inputs),
            sum(block.size for block in blocks),
            blocks,
            name=" + ".join(filter(None, (self.name, other.name))),
        )

    @cached_property
    def inverse(self) -> Program:
        """The circuit that undoes this one at equal inputs and weights: `p.tied(p.inverse)` is the identity.

        Raises:
            ProgramError: the Program prepares a state, which has no inverse gate.
        """
        gates = tuple(inverted for gate in reversed(self.gates) for inverted in invert(gate))
        return replace(self, gates=gates, name=f"inverse({self.name})" if self.name else "")

    def renamed_wires(self, wires: tuple[int, ...], n_qubits: int | None = None) -> Program:
        """The same circuit with wire `i` called `wires[i]`; the readout keeps its order of values."""
        from qml.circuits.wires import rename

        return rename(self, wires, n_qubits)

    def bind(self, slots: Mapping[Slot, float]) -> Program:
        """Some slots fixed to numbers; the remaining slots keep their places."""
        from qml.circuits.wires import bind

        return bind(self, slots)

    def __repr__(self) -> str:
        return (
            f"Program({self.name + ': ' if self.name else ''}{self.n_qubits} qubits, {len(self.gates)} gates, "
            f"{self.n_inputs} inputs, {self.n_weights} weights, {self.n_values} values, digest {self.digest[:8]})"
        )

    def __str__(self) -> str:
        from qml.circuits.draw import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from qml.circuits.draw import as_html

        return as_html(self)


def _appended(left: tuple[WeightBlock, ...], right: tuple[WeightBlock, ...]) -> tuple[WeightBlock, ...]:
    """Blocks of both sides; a name that is taken gets the first free number behind it."""
    blocks = list(left)
    for block in right:
        taken = {b.name for b in blocks}
        stem = block.name.rstrip("0123456789").rstrip("_") if block.name[-1:].isdigit() else block.name
        name, count = block.name, 1
        while name in taken:
            name, count = f"{stem}_{count}", count + 1
        blocks.append(replace(block, name=name))
    return tuple(blocks)
