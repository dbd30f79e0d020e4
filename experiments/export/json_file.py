"""A policy as JSON: every number with its name, for a program in any language."""

import json

from vgps.experiments.export.card import EQUATION, Card


def to_json(card: Card) -> str:
    """The text of the file; its numbers are read back to the same bits."""
    policy = card.policy
    content = {
        "robot": card.robot,
        "mechanics": card.mechanics,
        "dt": card.dt,
        "equation": EQUATION,
        "o": [{"name": n, "unit": u} for n, u in zip(card.sees, card.units, strict=True)],
        "u": [
            {"name": name, "unit": unit, "low": _bound(low), "high": _bound(high), "sigma": sigma}
            for name, unit, low, high, sigma in zip(
                card.acts, card.u_units, card.low, card.high, policy.sigma.tolist(), strict=True
            )
        ],
        "W1": policy.W1.tolist(),
        "b1": policy.b1.tolist(),
        "W2": policy.W2.tolist(),
        "b2": policy.b2.tolist(),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _bound(limit: float) -> float | None:
    """None where there is no limit: JSON knows no infinity."""
    return limit if abs(limit) < float("inf") else None
