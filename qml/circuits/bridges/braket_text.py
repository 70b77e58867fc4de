"""OpenQASM 3 text of Braket cut into statements, and its expressions as angles."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, as_angle

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PRAGMA = re.compile(r"^\s*#?pragma\s+(.*)$")
_IMAGINARY = re.compile(r"(?<![\w.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*im\b")
_CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e}


@dataclass(frozen=True)
class Statement:
    """One statement: `head` without its end, the statements of its braces where it has any."""

    head: str
    body: tuple[Statement, ...] | None = None
    pragma: bool = False

    @property
    def text(self) -> str:
        """The statement with single spaces, as definitions are compared."""
        if self.body is None:
            return self.head + ";"
        return f"{self.head} {{ {''.join(inner.text + ' ' for inner in self.body)}}}"


def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a program text.

    Raises:
        ProgramError: braces that do not match, or a statement without its end.

    Example:
        >>> [statement.head for statement in statements("qubit[2] q; h q[0]; // comment")]
        ['qubit[2] q', 'h q[0]']
    """
    stack: list[tuple[str, list[Statement]]] = [("", [])]
    rest: list[str] = []
    for line in _COMMENT.sub(" ", text).splitlines():
        pragma = _PRAGMA.match(line)
        if pragma:
            if "".join(rest).strip():
                raise ProgramError(f"The OpenQASM text ends no statement in front of {line.strip()!r}.")
            stack[-1][1].append(Statement(" ".join(pragma.group(1).split()), pragma=True))
            continue
        for part in re.split(r"([;{}])", line):
            _take(part, rest, stack)
        rest.append(" ")
    if "".join(rest).strip() or len(stack) > 1:
        raise ProgramError(f"The OpenQASM text ends within a statement: {''.join(rest).strip() or stack[-1][0]!r}.")
    return tuple(stack[0][1])


def _take(part: str, rest: list[str], stack: list[tuple[str, list[Statement]]]) -> None:
    """One piece of text, or the sign that ends or opens a statement."""
    if part not in (";", "{", "}"):
        rest.append(part)
        return
    head = " ".join("".join(rest).split())
    rest.clear()
    if part == ";":
        if head:
            stack[-1][1].append(Statement(head))
    elif part == "{":
        stack.append((head, []))
    elif head or len(stack) == 1:
        raise ProgramError(f"The OpenQASM text closes a brace that is not open, or behind an open statement: {head!r}.")
    else:
        opened, inner = stack.pop()
        stack[-1][1].append(Statement(opened, tuple(inner)))


def arguments(text: str) -> list[str]:
    """The parts of a list between commas that lie in no bracket.

    Example:
        >>> arguments("a, f(b, c), [1, 2]")
        ['a', 'f(b, c)', '[1, 2]']
    """
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            parts.append(text[start:place].strip())
            start = place + 1
    last = text[start:].strip()
    return [*parts, last] if last or parts else []


def angle_of(text: str, known: Mapping[str, Angle]) -> Angle:
    """The angle that an expression is.

    Args:
        text: numbers, names, `+ - * / **` and parentheses.
        known: angles by name.

    Raises:
        ProgramError: a name that is not known, or an expression that is no sum of products.

    Example:
        >>> from qml.circuits import input_slot
        >>> print(angle_of("2*a - pi/2", {"a": input_slot(0)}))
        -1.571 + 2*x0
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ProgramError(f"The expression {text!r} of the OpenQASM text cannot be read.") from error
    return as_angle(_evaluated(tree, text, known))


def complex_of(text: str) -> complex:
    """The complex number that an entry of a pragma's matrix is.

    Example:
        >>> complex_of("1.0 - 0.5im")
        (1-0.5j)
    """
    source = _IMAGINARY.sub(r"\1j", text.strip())
    try:
        tree = ast.parse(re.sub(r"(?<![\w.])im\b", "1j", source), mode="eval").body
    except SyntaxError as error:
        raise ProgramError(f"The number {text!r} of a matrix cannot be read.") from error
    return complex(_evaluated(tree, text, {}))


def _evaluated(node: ast.expr, text: str, known: Mapping[str, Angle]) -> Any:
    """A number or an Angle."""
    match node:
        case ast.Constant(value=int() | float() | complex() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluated(operand, text, known)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluated(operand, text, known)
        case ast.BinOp(left=left, op=sign, right=right):
            return _combined(_evaluated(left, text, known), sign, _evaluated(right, text, known), text)
        case ast.Name(id=name):
            raise ProgramError(
                f"{text!r} of the OpenQASM text names {name!r}, which is neither an input nor a weight (known: "
                f"{', '.join(known) or 'none'}). Add it to input_params or weight_params."
            )
    raise ProgramError(
        f"{text!r} of the OpenQASM text is no sum of products of parameters. Compute it outside the circuit."
    )


def _combined(left: Any, sign: ast.operator, right: Any, text: str) -> Any:
    if isinstance(right, Angle) and not right.terms:
        right = right.constant
    match sign:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() if not isinstance(right, Angle) and right:
            return left / right
        case ast.Pow() if not isinstance(left, Angle) and not isinstance(right, Angle):
            return left**right
        case ast.Pow() if isinstance(right, int | float) and right == int(right) >= 0:
            return left ** int(right)
    raise ProgramError(
        f"{text!r} of the OpenQASM text is no sum of products of parameters. Compute it outside the circuit."
    )
