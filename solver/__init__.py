"""Trajectory optimisation on compiled robots, and Gaussian distributions over trajectories."""
