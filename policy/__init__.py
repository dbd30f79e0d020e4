"""Policies, their optimisation, and the methods that search for them."""
