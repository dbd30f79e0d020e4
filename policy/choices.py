"""The alternatives that a run may choose from, for a command line that imports nothing heavy."""

from typing import Literal

Optimizer = Literal["lbfgs", "sgd"]  # what fits the policy
Bound = Literal["closed", "sampled"]  # the integral over actions
Finish = Literal["average-cost", "none"]  # the last stage of a run
Oracle = Literal["mean", "noisy"]  # how a DDP oracle acts: by its mean actions, or with q's noise
