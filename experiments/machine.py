"""What a run depends on beside the packages: processor, C compiler, and commit of this code."""

import platform
import re
import subprocess
from pathlib import Path

from vgps.codegen.folders import PACKAGE
from vgps.codegen.toolchain import find_toolchain

_CPUS = Path("/proc/cpuinfo")


def machine() -> dict[str, str]:
    """Processor, compiler and commit by name; what cannot be told is left out."""
    found = {"processor": _processor(), "compiler": _compiler(), "commit": _commit()}
    return {name: text for name, text in found.items() if text}


def _processor() -> str:
    if _CPUS.exists():  # Linux
        name = re.search(r"^model name\s*:\s*(.+)$", _CPUS.read_text("utf-8"), re.MULTILINE)
        return name[1] if name else platform.machine()
    return _said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _compiler() -> str:
    """The version that the compiler gives itself, after the name that it is called by."""
    toolchain = find_toolchain()
    version = re.search(r'^#define __VERSION__ "(.*)"$', toolchain.fingerprint, re.MULTILINE)
    name = Path(toolchain.command[0]).name
    return f"{name} {version[1]}" if version else name


def _commit() -> str:
    """Of a checkout, with "-dirty" where it has changes beside it; an installation has none."""
    if not (PACKAGE / ".git").exists():
        return ""
    return _said_by("git", "-C", str(PACKAGE), "describe", "--always", "--dirty", "--exclude=*")


def _said_by(*command: str) -> str:
    """What a program prints; nothing where there is none, or it fails."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
