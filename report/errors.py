"""What can go wrong between a run and its pictures, one sentence each."""


class MissingEncoder(RuntimeError):
    """This machine has no program that writes the video format that was asked for."""
