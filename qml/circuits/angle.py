"""What a rotation turns by: a constant plus a sum of coefficients times products of slots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from qml.base.errors import ProgramError
from qml.circuits.counting import whole_number

Kind = Literal["input", "weight"]
KINDS = ("input", "weight")


class Slot(NamedTuple):
    """One number a circuit is handed at run time: data (`input`) or a trained number (`weight`)."""

    kind: Kind
    index: int


class Term(NamedTuple):
    """`coefficient` times the product of `slots`; a slot may repeat, and the order does not matter."""

    coefficient: float
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Angle:
    """`constant + sum of terms`, in radians; always in normal form, so that equal angles are equal values.

    Supports `+`, `-`, unary `-`, multiplication by a number, multiplication by another Angle (the products of
    the slots), whole powers, and division by a number.

    Example:
        >>> theta = 2 * input_slot(0) * weight_slot(1) + 0.5
        >>> theta.constant, theta.terms[0].coefficient, theta.inputs, theta.weights
        (0.5, 2.0, (0,), (1,))
    """

    constant: float = 0.0
    terms: tuple[Term, ...] = ()

    def __post_init__(self):
        merged: dict[tuple[Slot, ...], float] = {}
        constant = float(self.constant)
        for coefficient, slots in self.terms:
            key = tuple(sorted(map(_slot, slots)))
            if not key:
                constant += float(coefficient)
            else:
                merged[key] = merged.get(key, 0.0) + float(coefficient)
        terms = tuple(Term(c, key) for key, c in sorted(merged.items()) if c != 0.0)
        if not all(math.isfinite(c) for c in (constant, *(t.coefficient for t in terms))):
            raise ProgramError(f"An angle must be finite; got constant {constant} and terms {terms}.")
        object.__setattr__(self, "constant", constant + 0.0)  # -0.0 is 0.0: equal angles have equal digests
        object.__setattr__(self, "terms", terms)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Indices of the input slots this angle depends on, sorted."""
        return tuple(sorted({s.index for t in self.terms for s in t.slots if s.kind == "input"}))

    @property
    def weights(self) -> tuple[int, ...]:
        """Indices of the weight slots this angle depends on, sorted."""
        return tuple(sorted({s.index for t in self.terms for s in t.slots if s.kind == "weight"}))

    def shifted(self, inputs: int = 0, weights: int = 0) -> Angle:
        """The same angle with slot numbers moved up by `inputs` and `weights`."""
        move = {"input": inputs, "weight": weights}
        return self.renamed(lambda slot: Slot(slot.kind, slot.index + move[slot.kind]))

    def renamed(self, rename) -> Angle:
        """The same angle with every slot replaced by `rename(slot)`."""
        return Angle(self.constant, tuple(Term(t.coefficient, tuple(map(rename, t.slots))) for t in self.terms))

    def __add__(self, other: Angle | float) -> Angle:
        other = as_angle(other)
        return Angle(self.constant + other.constant, self.terms + other.terms)

    __radd__ = __add__

    def __neg__(self) -> Angle:
        return self * -1.0

    def __sub__(self, other: Angle | float) -> Angle:
        return self + -as_angle(other)

    def __rsub__(self, other: float) -> Angle:
        return as_angle(other) - self

    def __mul__(self, other: Angle | float) -> Angle:
        other = as_angle(other)
        left = (*self.terms, Term(self.constant, ()))
        right = (*other.terms, Term(other.constant, ()))
        return Angle(0.0, tuple(Term(a.coefficient * b.coefficient, a.slots + b.slots) for a in left for b in right))

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Angle:
        return self * (1.0 / other)

    def __pow__(self, exponent: int) -> Angle:
        if not isinstance(exponent, int) or exponent < 0:
            raise ProgramError(f"An angle can be raised to a power 0, 1, 2, ...; got {exponent!r}.")
        result = Angle(1.0)
        for _ in range(exponent):
            result = result * self
        return result

    def __str__(self) -> str:
        parts = [f"{self.constant:.4g}"] if self.constant or not self.terms else []
        for coefficient, slots in self.terms:
            product = "*".join(f"{s.kind[0].replace('i', 'x')}{s.index}" for s in slots)
            parts.append(product if coefficient == 1 else f"{coefficient:.4g}*{product}")
        return " + ".join(parts).replace("+ -", "- ")


def as_angle(value: Angle | float) -> Angle:
    """A number or an Angle, as an Angle."""
    if isinstance(value, Angle):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ProgramError(
            f"An angle must be a number or built from input_slot and weight_slot; got {value!r}."
        ) from error
    return Angle(number)


def _slot(slot: tuple[Kind, int]) -> Slot:
    """The slot, checked."""
    kind, index = slot
    if kind not in KINDS:
        raise ProgramError(f"A slot is an 'input' or a 'weight'; got {kind!r}.")
    return Slot(kind, whole_number(f"The number of the {kind} slot", index))


def input_slot(index: int) -> Angle:
    """The angle that is the data column `index`."""
    return Angle(0.0, (Term(1.0, (Slot("input", index),)),))


def weight_slot(index: int) -> Angle:
    """The angle that is the trained number `index`."""
    return Angle(0.0, (Term(1.0, (Slot("weight", index),)),))
