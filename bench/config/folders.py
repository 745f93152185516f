"""Where configs are."""

from pathlib import Path


def conf_dir() -> Path:
    """The suite's configs: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"
