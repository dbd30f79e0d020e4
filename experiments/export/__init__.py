"""Policies for programs that are not ours: as JSON, as a C header, as ONNX."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from vgps.codegen.files import write_atomically
from vgps.experiments.export.c_header import to_c
from vgps.experiments.export.card import Card, card
from vgps.experiments.export.json_file import to_json
from vgps.experiments.export.onnx_file import to_onnx
from vgps.experiments.run import Run

Format = Literal["json", "c", "onnx"]

_WRITERS: dict[Format, tuple[str, Callable[[Card], str | bytes]]] = {
    "json": (".json", to_json),
    "c": (".h", to_c),
    "onnx": (".onnx", to_onnx),
}


def export(run: Run, format: Format, path: Path | None = None) -> Path:
    """Write the policy of a run for another program.

    Args:
        run: whose policy.
        format: JSON and C hold the same numbers to the bit, ONNX in float32.
        path: of the file; policy.json, policy.h or policy.onnx in the run's folder when absent.

    Returns:
        The path.

    Raises:
        ExportError: for ONNX without the package onnx.
        ValueError: without a path, when the run has no folder.
    """
    suffix, write = _WRITERS[format]
    if path is None:
        if run.folder is None:
            raise ValueError("a run without a folder needs a path to be exported to")
        path = run.folder.file(f"policy{suffix}")
    content = write(card(run.model, run.policy))
    data = content if isinstance(content, bytes) else content.encode()
    write_atomically(path, lambda place: place.write_bytes(data))
    return path
