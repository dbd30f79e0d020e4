"""What can go wrong between a run and its pictures, one sentence each."""


class MissingEncoder(RuntimeError):
    """What writes the video format that was asked for is not installed."""
