"""Packages that bring a method, installed by hand: a module, and the folder by which Python knows it."""

import tomllib

from vgps.policy import plugins


def installed(folder, package, entry_points, **modules):
    """Put a package with these entry points ({name: value}) and modules (their text) into a folder."""
    info = folder / f"{package.replace('-', '_')}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
    lines = [f"{name} = {value}" for name, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{plugins.GROUP}]", *lines, ""]))
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def installed_source(folder, source):
    """The same of a checkout of one module, with what its pyproject.toml says."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    modules = {path.stem: path.read_text(encoding="utf-8") for path in source.glob("*.py")}
    about = project["project"]
    return installed(folder, about["name"], about["entry-points"][plugins.GROUP], **modules)
