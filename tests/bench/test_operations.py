"""No generated function grows unnoticed, and no improvement goes unrecorded."""

import json

import operations


def test_no_function_needs_more_operations_than_recorded():
    """Against operations.json, which the command in a failure's message writes."""
    found = operations.changes(operations.recorded(), operations.counts())
    versions = json.loads(operations.RECORD.read_text(encoding="utf-8"))["versions"]
    assert not found, "\n".join([*found, f"recorded with {versions}"])


def test_a_change_names_function_and_counts():
    old = {"arm": {"step": 10, "cost": 5, "lost": 1, "same": 3}}
    new = {"arm": {"step": 12, "cost": 4, "found": 2, "same": 3}}
    found = operations.changes(old, new)
    assert found[0].startswith("arm.cost falls from 5 to 4") and operations.COMMAND in found[0]
    assert found[1].startswith("arm.found is new with 2") and operations.COMMAND in found[1]
    assert found[2].startswith("arm.lost is gone, it had 1") and operations.COMMAND in found[2]
    assert found[3] == "arm.step rises from 10 to 12 operations"
    assert len(found) == 4
