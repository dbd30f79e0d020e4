"""Benchmarks: each row is one piece of work, ours beside a peer's in the same process.

The peers are optional.  `crocoddyl_problem`, `mujoco_robot` and `pinocchio_robot` import theirs at
the top, and `shooting` CasADi, whose import takes a second; every other module imports these four,
or a peer, only inside the function that builds the peer's side.
"""
