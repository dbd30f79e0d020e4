"""The order of statements in which a processor waits least: list scheduling.

CasADi writes expressions depth first: long chains in which each operation waits for the one before.
A processor begins whatever is ready, but looks only some hundred operations ahead.  Here every
cycle begins operations whose operands have been computed by then, those with the longest critical
path first (Gibbons and Muchnick, PLDI 1986).  Values should also be used before they have to leave
the registers: while more values are live than the registers are likely to hold, operations that
lower the register pressure go first (Goodman and Hsu, ICS 1988).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import casadi as ca

from vgps.codegen.emission.statements import Statement

# Measured on swimmer and walker; with the choices next to these they take as long within 4 %.
_ISSUE_WIDTH = 2  # operations that a cycle begins
_MOST_LIVE = 32  # live values from which on the register pressure decides
_PRODUCTS = {ca.OP_MUL, ca.OP_SQ}
_SUMS = {ca.OP_ADD, ca.OP_SUB}
_USUAL_LATENCY = 4  # cycles
_LATENCY = {ca.OP_DIV: 13, ca.OP_INV: 13, ca.OP_SQRT: 13}
_LATENCY |= dict.fromkeys([ca.OP_SIN, ca.OP_COS, ca.OP_EXP, ca.OP_LOG, ca.OP_LOG1P], 40)


@dataclass(eq=False)
class _Operation:
    """Statements that stay together: a sum with a product that may be fused into it, and stores."""

    statements: list[Statement]
    latency: int  # cycles until the result can be used
    operands: list["_Operation"]
    users: list["_Operation"] = field(default_factory=list)
    position: int = 0  # in the given order
    critical_path: int = 0  # cycles of the longest chain of operations that begins with this one
    missing_operands: int = 0  # that have not begun
    ready_at: int = 0  # cycle from which on all operands have been computed
    last_uses: int = 0  # operands that no other operation still needs
    begun: bool = False

    @property
    def pressure(self) -> int:
        """By how many the number of live values grows when it begins."""
        return bool(self.users) - self.last_uses


def scheduled(statements: list[Statement]) -> list[Statement]:
    """The same statements in a better order; an input is read where it is first needed."""
    reads = {s.name: s for s in statements if s.op == ca.OP_INPUT}
    operations, other_stores = _operations(statements)
    computed = [s for operation in _in_order(operations) for s in operation.statements]
    order: list[Statement] = []
    for s in [*computed, *other_stores]:
        order += [reads.pop(name) for name in dict.fromkeys(s.uses) if name in reads]
        order.append(s)
    return order


def _operations(statements: list[Statement]) -> tuple[list[_Operation], list[Statement]]:
    """Operations, and the statements that store what no operation computes."""
    uses = Counter(use for s in statements for use in s.uses)
    products = {s.name: s for s in statements if s.op in _PRODUCTS and uses[s.name] == 1}
    computing: dict[str, _Operation] = {}  # by the name of its result
    other_stores: list[Statement] = []
    for s in statements:
        known = [use for use in dict.fromkeys(s.uses) if use in computing]
        if s.op == ca.OP_OUTPUT:
            (computing[known[0]].statements if known else other_stores).append(s)
        elif s.op != ca.OP_INPUT:
            parts, operands = [s], [computing[use] for use in known]
            if s.op in _SUMS and (fused := [use for use in known if use in products][:1]):
                product = computing.pop(fused[0])
                parts = product.statements + parts
                operands.remove(product)
                operands = list(dict.fromkeys(operands + product.operands))
            computing[s.name] = _Operation(parts, _LATENCY.get(s.op, _USUAL_LATENCY), operands)
    operations = list(computing.values())
    _link(operations)
    return operations, other_stores


def _link(operations: list[_Operation]) -> None:
    """Fill in what an operation knows of those around it."""
    for position, operation in enumerate(operations):
        operation.position, operation.missing_operands = position, len(operation.operands)
        for operand in operation.operands:
            operand.users.append(operation)
    for operation in reversed(operations):
        longest = max((user.critical_path for user in operation.users), default=0)
        operation.critical_path = operation.latency + longest
        if len(operation.users) == 1:
            operation.users[0].last_uses += 1


class _Ready:
    """Operations that can begin, sorted in three ways."""

    def __init__(self) -> None:
        self._by_critical_path: list[tuple] = []
        self._by_pressure: list[tuple] = []
        self._by_position: list[tuple] = []
        self._members: set[_Operation] = set()

    def add(self, operation: _Operation) -> None:
        """Its operands have been computed."""
        self._members.add(operation)
        heappush(self._by_critical_path, (-operation.critical_path, operation.position, operation))
        heappush(self._by_position, (operation.position, operation))
        self.sort_again(operation)

    def sort_again(self, operation: _Operation) -> None:
        """After its ``last_uses`` has changed."""
        if operation in self._members and operation.pressure <= 0:
            key = (operation.pressure, -operation.critical_path, operation.position)
            heappush(self._by_pressure, (*key, operation))

    def most_critical(self) -> _Operation | None:
        """The one with the longest critical path."""
        return self._take(self._by_critical_path)

    def least_pressure(self) -> _Operation | None:
        """The one that lowers the register pressure most; None where all would raise it."""
        return self._take(self._by_pressure)

    def first_given(self) -> _Operation | None:
        """The first one in the given order."""
        return self._take(self._by_position)

    def _take(self, heap: list[tuple]) -> _Operation | None:
        while heap:
            operation = heappop(heap)[-1]
            if not operation.begun:
                return operation
        return None


def _in_order(operations: list[_Operation]) -> Iterator[_Operation]:
    # Ready from a cycle on; sorted, and so a heap.
    coming = [(0, o.position) for o in operations if not o.missing_operands]
    ready = _Ready()
    live, left = 0, len(operations)
    for cycle in count():
        while coming and coming[0][0] <= cycle:
            ready.add(operations[heappop(coming)[1]])
        for slot in range(_ISSUE_WIDTH):
            if live < _MOST_LIVE:
                operation = ready.most_critical()
            else:
                # The given order keeps few values live, but waits for each; one a cycle is enough.
                operation = ready.least_pressure() or (ready.first_given() if slot == 0 else None)
            if operation is None:
                break
            yield operation
            live, left = live + operation.pressure, left - 1
            operation.begun = True
            for operand in operation.operands:
                waiting = [user for user in operand.users if not user.begun]
                if len(waiting) == 1:
                    waiting[0].last_uses += 1
                    ready.sort_again(waiting[0])
            for user in operation.users:
                user.missing_operands -= 1
                user.ready_at = max(user.ready_at, cycle + operation.latency)
                if not user.missing_operands:
                    heappush(coming, (user.ready_at, user.position))
        if not left:
            return
