"""What can go wrong between files and a run, one sentence each."""

from vgps.codegen.errors import InputError


class RunFolderError(InputError):
    """A folder is not, or not yet, the run that a command needs."""


class TooLargeError(InputError):
    """More was asked for than fits into the memory of this machine."""


class ComparisonError(InputError):
    """Something cannot be compared."""


class ExportError(InputError):
    """A policy cannot be written in the format that was asked for."""


class MissingPackageError(InputError):
    """What was asked for needs a package that is not installed."""


class TransferError(InputError):
    """A robot cannot be put into another engine."""


class ClusterError(InputError):
    """There is no Dask cluster where one was said to be."""


class ClusterLost(RuntimeError):
    """A Dask cluster went away in the middle of its work."""
