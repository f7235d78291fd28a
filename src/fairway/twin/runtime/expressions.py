"""CloudWatch's metric math on one period: arithmetic, comparisons, IF, FILL and a few functions of several metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
What is not here is refused when the alarm is made, by its name.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# None is a period without data.
Value = float | None

_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
# Of several metrics, those without data in the period are left out.
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: math.fsum(values) / len(values),
}


class ExpressionError(Exception):
    """An expression that the twin cannot evaluate; the message says what of it."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    text: str
    _tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> "Expression":
        """Read an expression; raise ExpressionError when it is none, or has something that the twin does not."""
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise ExpressionError(f"cannot read the expression {text!r}") from error
        _check(tree, text)
        return cls(text, tree)

    @property
    def identifiers(self) -> frozenset[str]:
        """The metrics and expressions that it needs."""
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        names = (node for node in ast.walk(self._tree) if isinstance(node, ast.Name) and id(node) not in called)
        return frozenset(name.id for name in names)

    def value(self, of: Mapping[str, Value]) -> Value:
        """Return its value in a period; a missing operand and a division by zero make it missing."""
        return _value(self._tree, of)


def _check(tree: ast.AST, text: str) -> None:
    if isinstance(tree, ast.Call):
        name = tree.func.id if isinstance(tree.func, ast.Name) else "?"
        wanted = {"IF": 3, "FILL": 2, **dict.fromkeys(_FUNCTIONS, 1)}.get(name)
        if wanted != len(tree.args) or tree.keywords:
            raise ExpressionError(f"no function {name} of {len(tree.args)} arguments in {text!r}")
        for argument in tree.args:
            _check(argument, text)
        return
    children: list[ast.AST] = []
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        children = [tree.left, tree.right]
    elif isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in _OPERATORS:
        children = [tree.left, tree.comparators[0]]
    elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        children = [tree.operand]
    elif isinstance(tree, ast.List):
        children = list(tree.elts)
    elif not (isinstance(tree, ast.Name) or (isinstance(tree, ast.Constant) and type(tree.value) in (int, float))):
        raise ExpressionError(f"no {ast.unparse(tree)!r} in {text!r}")
    for child in children:
        _check(child, text)


def _value(tree: ast.expr, of: Mapping[str, Value]) -> Value:
    if isinstance(tree, ast.Name):
        return of[tree.id]
    if isinstance(tree, ast.Constant):
        return float(tree.value)  # type: ignore[arg-type] # _check has seen that it is a number
    if isinstance(tree, ast.UnaryOp):
        operand = _value(tree.operand, of)
        return None if operand is None else -operand
    if isinstance(tree, ast.Call):
        return _call(tree, of)
    if isinstance(tree, ast.BinOp):
        return _apply(tree.op, _value(tree.left, of), _value(tree.right, of))
    assert isinstance(tree, ast.Compare)  # noqa: S101 -- _check lets nothing else through
    return _apply(tree.ops[0], _value(tree.left, of), _value(tree.comparators[0], of))


def _call(tree: ast.Call, of: Mapping[str, Value]) -> Value:
    name = tree.func.id  # type: ignore[attr-defined] # _check has seen that it is a name
    if name == "IF":
        condition = _value(tree.args[0], of)
        return None if condition is None else _value(tree.args[1 if condition else 2], of)
    if name == "FILL":
        value = _value(tree.args[0], of)
        return _value(tree.args[1], of) if value is None else value
    argument = tree.args[0]
    items = argument.elts if isinstance(argument, ast.List) else [argument]
    present = [value for value in (_value(item, of) for item in items) if value is not None]
    return float(_FUNCTIONS[name](present)) if present else None


def _apply(operation: ast.AST, left: Value, right: Value) -> Value:
    if left is None or right is None or (isinstance(operation, ast.Div) and right == 0):
        return None
    return float(_OPERATORS[type(operation)](left, right))
