"""What can go wrong between a run and its pictures, one sentence each."""


class RunFolderError(Exception):
    """A folder is not, or not yet, the run that a command needs."""


class MissingEncoder(RuntimeError):
    """This machine has no program that writes the asked-for video format."""
