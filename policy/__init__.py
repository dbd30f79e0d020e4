"""Policies, their optimisation, and the methods that search for them."""

from policy.mlp import Policy
from policy.store import load_policy

__all__ = ["Policy", "load_policy"]
