"""The linear-Gaussian controller of a DDP solution, run in the true dynamics.

    pi_G(u_t | x_t) = N(u_bar_t + K_t (x_t - x_bar_t), Q_uu,t^-1)

Guided policy search takes samples of it, dataset aggregation asks it for actions.  It is the
paper's g(x) (section 4) where DDP has converged and k_t = 0.  Where DDP stopped earlier, k_t is a
step that its line search did not take, valid for the linearised marginals only: on the swimmer the
controller with k_t leaves the trajectory and costs 31361, without it 350.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vgps.codegen.model import Model
from vgps.policy.disturbance import Disturbance, disturb, process_noise
from vgps.policy.gaussian import LOG_2PI
from vgps.policy.rollouts import initial_states
from vgps.solver.distribution import TrajectoryDistribution, square_root

Array = NDArray[np.float64]


class LinearGaussianController(NamedTuple):
    """pi_G over T steps."""

    X: Array  # (T, nx) x_bar
    U: Array  # (T, nu) u_bar
    K: Array  # (T, nu, nx)
    root: Array  # (T, nu, nu), lower triangular, root root^T = Q_uu^-1

    @classmethod
    def of(cls, q: TrajectoryDistribution, T: int) -> "LinearGaussianController":
        """That of the first T steps of q."""
        return cls(q.X[:T], q.U[:T], q.K[:T], square_root(q.covariance[:T]))

    def mean(self, X: Array) -> Array:
        """Mean actions (R, T, nu) in the states X (R, T, nx)."""
        return self.U + np.einsum("tij,rtj->rti", self.K, X - self.X)

    def log_prob(self, X: Array, U: Array) -> Array:
        """log pi_G(u_t | x_t) (R, T) in nats, at states X (R, T, nx) and actions U (R, T, nu)."""
        normal = np.einsum("tij,rtj->rti", np.linalg.inv(self.root), U - self.mean(X))
        log_root = np.log(np.diagonal(self.root, axis1=1, axis2=2)).sum(axis=1)  # (T,)
        return -0.5 * (np.square(normal).sum(axis=2) + U.shape[2] * LOG_2PI) - log_root

    def sample(self, model: Model, rollouts: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """States (R, T+1, nx) and actions (R, T, nu) of rollouts from the task's initial states."""
        T, nu = self.U.shape
        x0 = initial_states(model, rollouts, rng)  # (R, nx)
        disturbance = process_noise(model, rollouts, T, rng)
        noise = np.einsum("tij,rtj->rti", self.root, rng.standard_normal((rollouts, T, nu)))
        return self.run(model, x0, noise, disturbance)

    @np.errstate(over="ignore", invalid="ignore")  # of rollouts that diverge
    def run(
        self, model: Model, x0: Array, noise: Array, disturbance: Disturbance
    ) -> tuple[Array, Array]:
        """States (R, T+1, nx) and actions (R, T, nu) from x0 (R, nx), with noise (R, T, nu).

        The actions are those that the controller asks for; the robot gets them clipped to its
        limits.  A rollout that diverges goes on with what is not finite.
        """
        x, limits = x0, model.limits
        R, T, _ = noise.shape
        X, U = np.empty((R, T + 1, model.nx)), np.empty(noise.shape)
        for t in range(T):
            X[:, t] = x
            U[:, t] = self.U[t] + (x - self.X[t]) @ self.K[t].T + noise[:, t]
            x = model.steps(x, np.clip(U[:, t], *limits))
            disturb(model, disturbance, t, x)
        X[:, T] = x
        return X, U
