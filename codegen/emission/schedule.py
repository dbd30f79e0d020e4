"""The order of statements in which a processor waits least.

CasADi writes expressions depth first: long chains in which each operation waits for the one before.
A processor begins whatever is ready, but looks only some hundred operations ahead.  Here every cycle
begins operations whose operands are there by then, those with the longest way to the end first
(list scheduling: Gibbons and Muchnick, PLDI 1986).  Results should also be used before they have to
leave the registers: while too many of them wait, operations go first that are the last to need
their operands (Goodman and Hsu, ICS 1988).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import casadi as ca

from vgps.codegen.emission.statements import Statement

# Measured on swimmer and walker; with the choices next to these they take as long within 4 %.
_WIDTH = 2  # operations that a cycle begins
_ALIVE = 32  # results that may wait
_PRODUCTS = {ca.OP_MUL, ca.OP_SQ}
_SUMS = {ca.OP_ADD, ca.OP_SUB}
_SHORT = 4  # cycles of latency
_LONG = {ca.OP_DIV: 13, ca.OP_INV: 13, ca.OP_SQRT: 13}
_LONG |= dict.fromkeys([ca.OP_SIN, ca.OP_COS, ca.OP_EXP, ca.OP_LOG, ca.OP_LOG1P], 40)


@dataclass(eq=False)
class _Operation:
    """What is done at once: a product in a sum may be, and storing the result is."""

    statements: list[Statement]
    latency: int  # cycles until the result can be used
    operands: list["_Operation"]
    users: list["_Operation"] = field(default_factory=list)
    place: int = 0  # in the order that was given
    way: int = 0  # cycles from its beginning to the end of the longest chain that it heads
    missing: int = 0  # operands that have not begun
    ready_at: int = 0  # cycle in which the last operand is there
    frees: int = 0  # operands that no other operation waits for
    begun: bool = False

    @property
    def growth(self) -> int:
        """By how many the results that wait become more when it begins."""
        return bool(self.users) - self.frees


def scheduled(statements: list[Statement]) -> list[Statement]:
    """The same statements; an input is read where it is first needed."""
    reads = {s.name: s for s in statements if s.op == ca.OP_INPUT}
    operations, rest = _operations(statements)
    order = []
    for s in [*(s for o in _in_order(operations) for s in o.statements), *rest]:
        order += [reads.pop(name) for name in dict.fromkeys(s.uses) if name in reads]
        order.append(s)
    return order


def _operations(statements: list[Statement]) -> tuple[list[_Operation], list[Statement]]:
    """Operations, and the statements that store what no operation computes."""
    uses = Counter(use for s in statements for use in s.uses)
    products = {s.name: s for s in statements if s.op in _PRODUCTS and uses[s.name] == 1}
    made: dict[str, _Operation] = {}
    rest = []
    for s in statements:
        known = [use for use in dict.fromkeys(s.uses) if use in made]
        if s.op == ca.OP_OUTPUT:
            (made[known[0]].statements if known else rest).append(s)
        elif s.op != ca.OP_INPUT:
            parts, operands = [s], [made[use] for use in known]
            if s.op in _SUMS and (fused := [use for use in known if use in products][:1]):
                product = made.pop(fused[0])
                parts = product.statements + parts
                operands.remove(product)
                operands = list(dict.fromkeys(operands + product.operands))
            made[s.name] = _Operation(parts, _LONG.get(s.op, _SHORT), operands)
    operations = list(made.values())
    for place, operation in enumerate(operations):
        operation.place, operation.missing = place, len(operation.operands)
        for operand in operation.operands:
            operand.users.append(operation)
    for operation in reversed(operations):
        operation.way = operation.latency + max((user.way for user in operation.users), default=0)
        if len(operation.users) == 1:
            operation.users[0].frees += 1
    return operations, rest


class _Ready:
    """Operations that can begin, sorted in three ways."""

    def __init__(self):
        self._longest: list[tuple] = []
        self._thrifty: list[tuple] = []
        self._earliest: list[tuple] = []
        self._members: set[_Operation] = set()

    def add(self, operation: _Operation) -> None:
        self._members.add(operation)
        heappush(self._longest, (-operation.way, operation.place, operation))
        heappush(self._earliest, (operation.place, operation))
        self.sort_again(operation)

    def sort_again(self, operation: _Operation) -> None:
        """After its ``frees`` has changed."""
        if operation in self._members and operation.growth <= 0:
            key = (operation.growth, -operation.way, operation.place)
            heappush(self._thrifty, (*key, operation))

    def longest(self) -> _Operation | None:
        return self._take(self._longest)

    def thrifty(self) -> _Operation | None:
        """One that does not add to the results that wait."""
        return self._take(self._thrifty)

    def earliest(self) -> _Operation | None:
        return self._take(self._earliest)

    def _take(self, heap: list[tuple]) -> _Operation | None:
        while heap:
            operation = heappop(heap)[-1]
            if not operation.begun:
                return operation
        return None


def _in_order(operations: list[_Operation]) -> Iterator[_Operation]:
    coming = [(0, o.place) for o in operations if not o.missing]  # sorted, and so a heap
    ready = _Ready()
    alive, left = 0, len(operations)
    for cycle in count():
        while coming and coming[0][0] <= cycle:
            ready.add(operations[heappop(coming)[1]])
        for slot in range(_WIDTH):
            if alive < _ALIVE:
                operation = ready.longest()
            else:
                # In the order that was given, which needs few registers, but slowly.
                operation = ready.thrifty() or (ready.earliest() if slot == 0 else None)
            if operation is None:
                break
            yield operation
            alive, left = alive + operation.growth, left - 1
            operation.begun = True
            for operand in operation.operands:
                waiting = [user for user in operand.users if not user.begun]
                if len(waiting) == 1:
                    waiting[0].frees += 1
                    ready.sort_again(waiting[0])
            for user in operation.users:
                user.missing -= 1
                user.ready_at = max(user.ready_at, cycle + operation.latency)
                if not user.missing:
                    heappush(coming, (user.ready_at, user.place))
        if not left:
            return
