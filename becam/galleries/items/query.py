"""Choosing items by an expression over their columns, as in ``category == "shoes"``.

Python's own parser reads the expression; the few forms that there are, are worked out here, and
nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from recsys.errors import InputError, nearest, shown, unknown

Row: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Row], Any]

EXAMPLE = """'category == "shoes" and interactions >= 10 and "red" in title'"""
LONGEST = 2000  # characters: Python's parser nests as deep as the text lets it
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, among: value in among,
    ast.NotIn: lambda value, among: value not in among,
}


def compile_query(text: str, columns: Sequence[str] | None = None) -> Test:
    """Make a test of rows from an expression.

    There are columns by their names, texts, numbers, lists, ``True`` and ``False``; ``==``,
    ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in`` (of lists; of parts in texts);
    ``and``, ``or``, ``not`` and brackets. A text that looks like a number is compared with
    numbers as one.

    Args:
        text: the expression.
        columns: the names that there are; any without.

    Returns:
        What takes a row, values by column, and tells whether it is chosen.

    Raises:
        InputError: what is no such expression, an unknown column.
    """
    if len(text) > LONGEST:
        raise InputError(f"query of {len(text)} characters; expected at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(
            f"query {shown(text)} can't be read ({reason}); expected one such as {EXAMPLE}"
        ) from error
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp):
        raise InputError(f"query {shown(text)} compares nothing; expected one such as {EXAMPLE}")
    return _Compiler(text, columns).test(tree)


class _Compiler:
    """Turns the parts of one expression into functions of a row."""

    def __init__(self, text: str, columns: Sequence[str] | None) -> None:
        self.text, self.columns = text, columns

    def test(self, node: ast.expr) -> Test:
        if isinstance(node, ast.BoolOp):
            parts = [self.test(each) for each in node.values]
            every = all if isinstance(node.op, ast.And) else any
            return lambda row: every(part(row) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.test(node.operand)
            return lambda row: not inner(row)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        return self._value(node)

    def _compared(self, node: ast.Compare) -> Test:
        values = [self._value(each) for each in (node.left, *node.comparators)]
        compared = []
        for operation in node.ops:
            if type(operation) not in _COMPARE:
                raise self._refused(node)
            compared.append(_COMPARE[type(operation)])

        def holds(row: Row) -> bool:
            found = [value(row) for value in values]
            pairs = zip(found[:-1], compared, found[1:], strict=True)
            return all(_compare(left, how, right) for left, how, right in pairs)

        return holds

    def _value(self, node: ast.expr) -> Test:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
            constant = node.value
            return lambda _row: constant
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = node.operand
            if isinstance(number, ast.Constant) and isinstance(number.value, int | float):
                negative = -number.value
                return lambda _row: negative
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = [self._value(each) for each in node.elts]
            return lambda row: [part(row) for part in parts]
        if isinstance(node, ast.Name):
            name = node.id
            if self.columns is not None and name not in self.columns:
                raise InputError(f"query {shown(self.text)}: {self._unknown(name)}")
            return lambda row: row[name]
        raise self._refused(node)

    def _unknown(self, name: str) -> str:
        columns = self.columns or ()
        quote = "" if nearest(name, columns) else " (texts stand in quotes)"
        return f"{unknown('column', name, columns)}{quote}"

    def _refused(self, node: ast.expr) -> InputError:
        part = ast.get_source_segment(self.text.strip(), node) or self.text
        return InputError(
            f"query {shown(self.text)}: {shown(part)} is not known here; expected comparisons "
            f"such as {EXAMPLE}"
        )


def _compare(left: Any, how: Callable[[Any, Any], bool], right: Any) -> bool:
    """Compare two values; what can't be compared (a text and a number, nothing) does not hold."""
    if isinstance(right, list):
        among = [_alike(left, each)[1] for each in right]
        return how(_alike(left, right[0])[0] if right else left, among)
    left, right = _alike(left, right)
    if left is None or right is None:
        return how is operator.ne
    try:
        return bool(how(left, right))
    except TypeError:
        return False


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Bring a text that stands beside a number to a number, where it is one."""
    if _is_number(left) and isinstance(right, str):
        return left, _number(right)
    if _is_number(right) and isinstance(left, str):
        return _number(left), right
    return left, right


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
