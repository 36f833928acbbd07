"""Every small fault that can be made in a module: one node of its syntax tree in another's place."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMPARED = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_REACHED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_NO_DECISION = ("annotation", "returns", "decorator_list")

Change = tuple[Any, ast.AST]
"""The node that goes, and the one that comes in its place."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`after` in the place of `before`, which is the source from byte `start` to `end`. `begins` is
    the line where its statement begins."""

    path: str
    begins: int
    line: int
    start: int
    end: int
    before: str
    after: str

    def made_in(self, source: bytes) -> bytes:
        """The module with this fault."""
        return source[: self.start] + self.after.encode() + source[self.end :]

    def __str__(self) -> str:
        before, after = (" ".join(text.split())[:90] for text in (self.before, self.after))
        return f"{self.path}:{self.line}  {before}  ->  {after}"


def faults(root: Path, path: str) -> list[Fault]:
    """The faults of the module `path` below `root`, in the order of their places."""
    source = (root / path).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = set()
    for begins, old, new in _walk(ast.parse(source), 1):
        start = starts[old.lineno - 1] + old.col_offset
        end = starts[old.end_lineno - 1] + old.end_col_offset
        after = f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)
        found.add(Fault(path, begins, old.lineno, start, end, source[start:end].decode(), after))
    return sorted(found, key=lambda one: (one.start, one.end, one.after))


def _walk(node: ast.AST, begins: int) -> Iterator[tuple[int, Any, ast.AST]]:
    if _is_words(node):
        return
    begins = node.lineno if isinstance(node, ast.stmt) else begins
    yield from ((begins, *change) for change in _changes(node))
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if name not in _NO_DECISION and isinstance(child, ast.AST):
                yield from _walk(child, begins)


def _is_words(node: ast.AST) -> bool:
    """Docstrings, what is logged, and formatted text, whose places Python 3.11 tells wrongly."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or ast.unparse(node).startswith("log.")
    return isinstance(node, ast.JoinedStr)


def _changes(node: ast.AST) -> Iterator[Change]:
    """The changes of this node alone."""
    match node:
        case ast.Compare(left, ops, right):
            for n, op in enumerate(ops):
                yield (
                    node,
                    ast.Compare(left, [*ops[:n], _COMPARED[type(op)](), *ops[n + 1 :]], right),
                )
        case ast.BoolOp(op, values):
            yield node, ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.BinOp(left, op, right) if type(op) in _REACHED:
            yield node, ast.BinOp(left, _REACHED[type(op)](), right)
        case ast.UnaryOp(_, operand):
            yield node, operand
        case ast.Constant(bool() | int() | float() | str() as value):
            yield node, ast.Constant(_other(value))
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield node, ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Continue() | ast.Break() | ast.Expr() | ast.AugAssign():
            yield node, ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield node, ast.Pass()
        case ast.Call(ast.Name(name), arguments, keywords) if name in _CALLED:
            yield node, ast.Call(ast.Name(_CALLED[name]), arguments, keywords)
        case ast.Call(ast.Attribute(base, "order_by")):
            yield node, base
        case ast.Call(ast.Attribute(_, "where" | "and_") as called, arguments, keywords):
            for n in range(len(arguments)):
                yield node, ast.Call(called, [*arguments[:n], *arguments[n + 1 :]], keywords)
        case ast.If(test) | ast.While(test) | ast.IfExp(test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.comprehension(ifs=tests):
            yield from ((test, ast.UnaryOp(ast.Not(), test)) for test in tests)


def _other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + type(value)("1")
