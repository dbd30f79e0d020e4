"""What the compiled rollouts of policies (policy.c) are handed by `policy/rollouts.py`."""

from typing import NamedTuple

from vgps.codegen.emission.arguments import Count, Filled, Indices, Read, struct


class Arguments(NamedTuple):
    """R rollouts of T steps, of which those from ``first`` to before ``end`` are done.

    Arrays have a row for each rollout, or fewer that are taken in turn.
    Of ``jumps``, ``impulses`` and ``pushes`` there may be no row: then nothing acts.
    """

    first: Count
    end: Count
    T: Count
    n_in: Count
    n_hidden: Count
    n_theta: Count
    n_thetas: Count  # rows of theta, like the following
    n_starts: Count
    n_noises: Count
    n_jumps: Count
    n_impulses: Count
    n_pushes: Count
    n_pushed: Count  # points that are pushed
    observed: Indices  # (n_in,) of x, or of what expressions make of it
    points: Indices  # (n_pushed,) of the robot's
    limits: Read  # (2, nu) least and largest u
    theta: Read  # (n_thetas, n_theta)
    x0: Read  # (n_starts, nx)
    noise: Read  # (n_noises, T, nu), added to the mean actions
    jumps: Read  # (n_jumps, T, nx), added to the state after each step
    impulses: Read  # (n_impulses, T, nv), generalised
    pushes: Read  # (n_pushes, T, n_pushed), N s along x
    work: Filled  # (MOST_LANES (n_theta + n_hidden + 1),)
    X: Filled  # (R, T+1, nx), NaN after a state that is not finite
    U: Filled  # (R, T, nu), within the limits
    c: Filled  # (R, T), infinite from the first step on whose cost or next state is not finite


MOST_LANES = 8  # rollouts that go side by side, on any processor


def declaration() -> str:
    """In C: the struct ``PolicyRollouts``."""
    return struct("PolicyRollouts", Arguments)
