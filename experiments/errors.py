"""What can go wrong between files and a run, one sentence each."""


class RunFolderError(Exception):
    """A folder is not, or not yet, the run that a command needs."""


class DemonstrationError(Exception):
    """A file is not a recorded trajectory from which this robot could start."""


class ComparisonError(Exception):
    """Something cannot be compared."""


class ClusterError(Exception):
    """There is no Dask cluster where one was said to be."""


class ClusterLost(RuntimeError):
    """A Dask cluster went away in the middle of its work."""
