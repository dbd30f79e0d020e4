"""One iLQR iteration in Crocoddyl, on a bare robot with a quadratic cost."""

from typing import Any

import crocoddyl
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from vgps.bench.pinocchio_robot import pinocchio_robot
from vgps.codegen.model import Model


class Iteration:
    """From the rollout of U (T, nu): calcDiff, backwardPass, forwardPass with a full step.

    The cost of a step is dt/2 (state_weight |x|^2 + action_weight |u|^2).
    """

    def __init__(
        self,
        model: Model,
        U: NDArray[np.float64],
        state_weight: float,
        action_weight: float,
        planar: bool,
    ) -> None:
        """``planar`` takes Pinocchio's planar joint for the root instead of our coordinates."""
        robot = pinocchio_robot(model.robot, planar)
        state = crocoddyl.StateMultibody(robot.model)
        if planar:
            actuation = crocoddyl.ActuationModelFloatingBase(state)
        else:
            actuation = _JointTorques(state, robot.actuated)
        costs, nothing = (crocoddyl.CostModelSum(state, actuation.nu) for _ in range(2))
        for name, weight, residual in (
            ("x", state_weight, crocoddyl.ResidualModelState(state, state.zero(), actuation.nu)),
            ("u", action_weight, crocoddyl.ResidualModelControl(state, actuation.nu)),
        ):
            costs.addCost(name, crocoddyl.CostModelResidual(state, residual), weight)
        self._actuation = actuation  # a reference: Crocoddyl keeps no Python object alive
        running, terminal = (
            crocoddyl.IntegratedActionModelEuler(
                crocoddyl.DifferentialActionModelFreeFwdDynamics(state, actuation, sums), dt
            )
            for sums, dt in ((costs, model.dt), (nothing, 0.0))
        )
        x0 = np.concatenate([pin.neutral(robot.model), np.zeros(robot.model.nv)])
        self._problem = crocoddyl.ShootingProblem(x0, [running] * len(U), terminal)
        if self._problem.nthreads != 1:  # Crocoddyl without threads warns of any setting
            self._problem.nthreads = 1
        self._solver = crocoddyl.SolverDDP(self._problem)
        self._solver.preg = self._solver.dreg = 0.0
        self._solver.setCandidate(self._problem.rollout(list(U)), list(U), True)
        # Crocoddyl's own vectors: lists would be converted in each call.
        self._xs, self._us = self._solver.xs, self._solver.us
        self.cost = self._problem.calc(self._xs, self._us)

    def run(self, repeats: int) -> None:
        """Repeat the iteration, each time from the same trajectory."""
        for _ in range(repeats):
            self._problem.calcDiff(self._xs, self._us)
            self._solver.backwardPass()
            self._solver.forwardPass(1.0)

    def results(self) -> dict[str, NDArray[np.float64]]:
        """What the last iteration computed, with our signs of k and K."""
        steps = self._problem.runningDatas
        return {
            "f_x": np.array([step.Fx for step in steps]),
            "f_u": np.array([step.Fu for step in steps]),
            "c_x": np.array([step.Lx for step in steps]),
            "c_u": np.array([step.Lu for step in steps]),
            "k": -np.array(self._solver.k),
            "K": -np.array(self._solver.K),
            "the new trajectory": np.array([step.xnext for step in steps]),
        }


class _JointTorques(crocoddyl.ActuationModelAbstract):
    """Actions are the forces of some coordinates, which need not come last."""

    def __init__(self, state: crocoddyl.StateMultibody, actuated: list[int]) -> None:
        super().__init__(state, len(actuated))
        self._B = np.eye(state.nv)[:, actuated]

    def calc(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64]) -> None:
        data.tau = self._B @ u

    def calcDiff(self, data: Any, x: NDArray[np.float64], u: NDArray[np.float64]) -> None:
        data.dtau_du = self._B
