"""Policies, and the methods that learn them."""

from policy.mlp import Policy

__all__ = ["Policy"]
