"""Robots as environments of Gymnasium, https://gymnasium.farama.org; importing this registers them.

    import gymnasium
    import vgps.report.gym

    env = gymnasium.make("vgps/Robot-v0", robot="walker")
    envs = gymnasium.make_vec("vgps/Robot-v0", num_envs=64, robot="walker")

Gymnasium has no entry points for plug-ins since 1.0; instead of the import, the name of this module
may stand before that of the environment: "vgps.report.gym:vgps/Robot-v0".

observation  what the robot's policies see, the same numbers
action       of the actuated joints and the actuators, within their limits (`spaces`)
reward       minus the task's cost of the step, of the last one with the final cost
terminated   the task cannot succeed any more (`policy.prospects`), or a number is not finite
truncated    the horizon of the task has been reached
info         `cost`, and at the end `success`

The module is in this room because environments are drawn; what they compute is in
`policy.episodes`.
"""

try:
    import gymnasium
except ImportError as missing:
    text = "environments need the package gymnasium, which is not installed: pip install gymnasium"
    raise ImportError(text) from missing

gymnasium.register(
    "vgps/Robot-v0",
    entry_point="vgps.report.gym.single:RobotEnv",
    vector_entry_point="vgps.report.gym.vector:RobotVectorEnv",
)
