"""Trajectory optimisation on compiled robots, and Gaussian distributions over trajectories."""

from solver.distribution import TrajectoryDistribution, trajectory_distribution
from solver.ilqr import Iteration, Reason, Settings, Solution, ilqr
from solver.objective import CostTerm, Objective, task_objective, with_extra

__all__ = [
    "CostTerm",
    "Iteration",
    "Objective",
    "Reason",
    "Settings",
    "Solution",
    "TrajectoryDistribution",
    "ilqr",
    "task_objective",
    "trajectory_distribution",
    "with_extra",
]
