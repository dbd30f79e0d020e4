"""Minimisers of smooth functions: L-BFGS with its line search, and stochastic gradient descent."""
