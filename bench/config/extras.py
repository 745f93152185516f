"""The extras of the suite, as its installed metadata names them: what each one brings, and which brings a package."""

import re
import sys
from importlib import metadata

DISTRIBUTION = "hpo-compare"


def requirements() -> dict[str, list[str]]:
    """The distributions that each extra asks for on this system; those of "" are installed always.

    Without what only developers need. Empty where the suite is imported without having been installed.
    """
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    wanted: dict[str, list[str]] = {}
    for line in lines:
        name, extra = re.match(r"[A-Za-z0-9._-]+", line), re.search(r"extra == ['\"]([^'\"]+)['\"]", line)
        of_system = re.search(r"sys_platform ([!=]=) ['\"]darwin['\"]", line)
        here = of_system is None or (of_system[1] == "==") == (sys.platform == "darwin")
        if name is not None and here and (extra is None or extra[1] != "dev"):
            wanted.setdefault("" if extra is None else extra[1], []).append(name[0])
    return wanted


def missing(module: str, path: str = "") -> str:
    """What to say of a module that cannot be imported, and what installs it: `needs the package 'smac', which ...`.

    That is an extra that asks for a distribution of the module's name: of several the one that the `path` of the class
    in need names (a file is named after its library), else the one of the module's own name, else the first.
    """
    package = module.partition(".")[0]
    extras = {extra: set(map(_canonical, names)) for extra, names in sorted(requirements().items()) if extra}
    bringing = [extra for extra, names in extras.items() if extra == package or _canonical(package) in names]
    named = re.split(r"[._]", path)
    bringing.sort(key=lambda extra: (extra not in named, extra != package))
    what = f"'{DISTRIBUTION}[{bringing[0]}]'" if bringing else "it"
    return f"needs the package {module!r}, which is not installed; pip install {what}"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
