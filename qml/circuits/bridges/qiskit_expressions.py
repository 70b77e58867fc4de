"""Qiskit's parameter expressions as angles, taken apart exactly by their derivatives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from qml.base.errors import ProgramError
from qml.base.extras import require
from qml.circuits.angle import Angle, input_slot, weight_slot

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit.circuit import Parameter, ParameterExpression

Symbol = Any  # a qiskit.circuit.Parameter: made in Rust, so that it is no type to a type checker

MAX_POWER = 8
_UNDEFINED = (ZeroDivisionError, RuntimeError, TypeError, ValueError, OverflowError)
_PROBES = ((0.7310, 0.4163), (-1.3117, 0.3719))  # start and step of the values at which an expression is tried
_TOLERANCE = 1e-9

Slots = Mapping[Symbol, Angle]


def parameter_slots(input_params: Iterable[Symbol], weight_params: Iterable[Symbol]) -> dict[Symbol, Angle]:
    """The slot of each parameter: the n-th of `input_params` is input n, the n-th of `weight_params` weight n.

    Args:
        input_params: parameters or a `ParameterVector` that carry data.
        weight_params: parameters or a `ParameterVector` that are trained.

    Raises:
        ProgramError: something else than a parameter, or a parameter named twice.
    """
    slots: dict[Symbol, Angle] = {}
    for kind, group, make in (("input", input_params, input_slot), ("weight", weight_params, weight_slot)):
        for index, parameter in enumerate(group):
            if not isinstance(parameter, Parameter):
                raise ProgramError(
                    f"{kind}_params[{index}] is {parameter!r}; give qiskit.circuit.Parameter objects or a "
                    f"ParameterVector, such as the circuit's own `circuit.parameters`."
                )
            if parameter in slots:
                raise ProgramError(
                    f"Parameter {parameter.name!r} is named twice among inputs and weights; name it once."
                )
            slots[parameter] = make(index)
    return slots


def angle_of(value: Any, slots: Slots, where: str) -> Angle:
    """The Angle that `value`, a number or a ParameterExpression, is.

        coefficient of p**k = (d/dp)**k value at p = 0, over k!

    A polynomial is taken apart one parameter after the other, with Qiskit's own derivatives, and then tried at
    two points; nothing else passes.

    Args:
        value: what a gate turns by.
        slots: `parameter_slots(...)`.
        where: the gate, for messages.

    Raises:
        ProgramError: a parameter that is neither input nor weight, a complex coefficient, or an expression that is
            no polynomial of degree 8 or less in each parameter.

    Example:
        >>> a, b = Parameter("a"), Parameter("b")
        >>> print(angle_of(2 * a * b - (a + 1) ** 2 / 2, parameter_slots([a], [b]), "rx on qubit 0"))
        -0.5 - 1*x0 - 0.5*x0*x0 + 2*x0*w0
    """
    if not isinstance(value, ParameterExpression):
        return Angle(_real(value, value, where))
    if isinstance(value, Parameter):
        return _slot(value, value, slots, where)
    order = sorted(value.parameters, key=lambda parameter: parameter.name)
    factors = [_slot(parameter, value, slots, where) for parameter in order]
    try:
        angle = _polynomial(value, list(zip(order, factors, strict=True)), value, where)
        exact = all(_agrees(value, angle, order, slots, probe, where) for probe in _PROBES)
    except _UNDEFINED as error:
        if isinstance(error, ProgramError):
            raise
        raise _not_polynomial(value, where) from error
    if not exact:
        raise _not_polynomial(value, where)
    return angle


def _slot(parameter: Symbol, value: Any, slots: Slots, where: str) -> Angle:
    if parameter not in slots:
        names = sorted(known.name for known in slots)
        advice = "Add it to input_params or weight_params, or bind it with `circuit.assign_parameters`."
        if parameter.name in names:
            advice = "Qiskit tells parameters of one name apart; hand in the circuit's own, from `circuit.parameters`."
        raise ProgramError(
            f"{where} turns by {value}, and parameter {parameter.name!r} is neither an input nor a weight (known: "
            f"{', '.join(names) or 'none'}). {advice}"
        )
    return slots[parameter]


def _polynomial(rest: Any, factors: list[tuple[Symbol, Angle]], whole: Any, where: str) -> Angle:
    """The Taylor series of `rest` about 0, which ends."""
    if not isinstance(rest, ParameterExpression) or not rest.parameters:
        return Angle(_real(rest, whole, where))
    (parameter, slot), *others = factors
    if parameter not in rest.parameters:
        return _polynomial(rest, others, whole, where)
    total, derivative = Angle(), rest
    for power in range(MAX_POWER + 1):
        at_zero = derivative.bind({parameter: 0.0}) if _holds(derivative, parameter) else derivative
        total = total + _polynomial(at_zero, others, whole, where) / math.factorial(power) * slot**power
        if not _holds(derivative, parameter):
            return total
        derivative = derivative.gradient(parameter)
        if _vanishes(derivative):
            return total
    raise _not_polynomial(whole, where)


def _holds(value: Any, parameter: Symbol) -> bool:
    return isinstance(value, ParameterExpression) and parameter in value.parameters


def _vanishes(value: Any) -> bool:
    """Whether `value` is 0, also where it is written with parameters that cancel."""
    if not isinstance(value, ParameterExpression):
        return value == 0
    order = sorted(value.parameters, key=lambda parameter: parameter.name)
    return all(abs(_number(value, _probed(order, probe))) == 0 for probe in _PROBES)


def _agrees(value: Any, angle: Angle, order: list[Symbol], slots: Slots, probe: tuple, where: str) -> bool:
    values = _probed(order, probe)
    of_slot = {slots[parameter].terms[0].slots[0]: number for parameter, number in values.items()}
    terms = [coefficient * math.prod(of_slot[slot] for slot in term) for coefficient, term in angle.terms]
    expected = _real(_number(value, values), value, where)
    size = 1.0 + abs(angle.constant) + sum(map(abs, terms))
    return abs(angle.constant + sum(terms) - expected) <= _TOLERANCE * size


def _probed(order: list[Symbol], probe: tuple[float, float]) -> dict[Symbol, float]:
    """A value of each parameter, all of them different."""
    start, step = probe
    return {parameter: start + step * (index % 7) for index, parameter in enumerate(order)}


def _number(value: Any, values: dict[Symbol, float]) -> complex:
    return complex(value.bind(values).numeric())


def _real(value: Any, whole: Any, where: str) -> float:
    number = complex(value.numeric() if isinstance(value, ParameterExpression) else value)
    if number.imag != 0:
        raise ProgramError(f"{where} turns by {whole}, which is complex; an angle is a real number of radians.")
    return number.real


def _not_polynomial(value: Any, where: str) -> ProgramError:
    return ProgramError(
        f"{where} turns by {value}; a Program's angles are sums of products of parameters, with powers up to "
        f"{MAX_POWER}. Compute it outside the circuit (in front of the layer) and pass the result as an input."
    )
