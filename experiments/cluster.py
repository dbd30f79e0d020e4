"""A connection to a Dask cluster, or one sentence about what is missing.

Whoever reaches a scheduler can have its workers run any code, and they can have the client do so:
what travels is pickled.  Certificates keep both to those who have one.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vgps.experiments.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client, Security

_PATIENCE = 5.0  # s, for a scheduler and its first worker to answer
_NEEDED = "vgps.experiments.workers"  # by whoever unpickles a task


class Certificates(NamedTuple):
    """Files in PEM that show this side of an encrypted connection, and whom it trusts."""

    ca_file: Path  # of the authority that has signed the other side's
    cert: Path
    key: Path


@contextmanager
def connected(address: str, certificates: Certificates | None = None) -> Iterator["Client"]:
    """A client of the cluster for as long as the context lasts.

    Args:
        address: of the scheduler.
        certificates: for an address that begins with tls://.

    Raises:
        ClusterError: when there is no scheduler, no worker, or one without this package.
    """
    try:
        from distributed import Client, Security
    except ImportError:
        raise ClusterError(
            "--cluster needs Dask, which is not installed: pip install distributed"
        ) from None
    # Their logs tell in tracebacks what the errors raised here say in a sentence.
    for name in ("distributed", "distributed.client"):  # each has a level of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address.startswith("tls://") != (certificates is not None):
        raise ClusterError(
            "a tls:// address and --tls-ca-file, --tls-cert and --tls-key go together, found "
            f"'{address}' {'with' if certificates else 'without'} them"
        )
    security = Security() if certificates is None else _encrypted(certificates)
    try:
        # A client alone waits, or fails, in many other ways where something else answers.
        asyncio.run(asyncio.wait_for(_require_scheduler(address, security), _PATIENCE))
        client = Client(address, timeout=_PATIENCE, security=security)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or "Timed out"
        raise ClusterError(f"no Dask scheduler answers at '{address}': {reason}") from None
    except Exception:
        # Whatever Dask makes of the bytes that it gets.
        raise ClusterError(f"something else than a Dask scheduler answers at '{address}'") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
            # Scheduler and workers unpickle the tasks; one that cannot would only fall silent.
            client.run_on_scheduler(exec, f"import {_NEEDED}")
            client.run(exec, f"import {_NEEDED}")
        except TimeoutError:
            raise ClusterError(
                f"the Dask scheduler at '{address}' has no workers: dask worker {address}"
            ) from None
        except ImportError as error:
            raise ClusterError(
                f"vgps is not installed on the whole Dask cluster at '{address}': {error}"
            ) from None
        yield client


def _encrypted(certificates: Certificates) -> "Security":
    from distributed import Security

    return Security(
        tls_ca_file=str(certificates.ca_file),
        tls_client_cert=str(certificates.cert),
        tls_client_key=str(certificates.key),
        require_encryption=True,
    )


async def _require_scheduler(address: str, security: "Security") -> None:
    from distributed.core import rpc

    arguments = security.get_connection_args("client")
    async with rpc(address, connection_args=arguments, timeout=_PATIENCE) as other:
        kind = (await other.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"it is a Dask {kind.lower()}")
