"""The font of figures on a screen: Report Sans, DejaVu Sans 2.37 with the letters of European languages alone.

A figure is then the same whatever fonts a machine has, and its PDF is written in half the time: a font is cut down to
the letters that are used, which takes the longer the more it has. Letters that it lacks come from DejaVu Sans.
"""

from functools import cache
from importlib.resources import as_file, files

from matplotlib import font_manager

FAMILY = ["Report Sans", "DejaVu Sans"]


@cache
def register() -> None:
    """Make the font known to Matplotlib; once is enough."""
    for style in ("Regular", "Bold"):
        with as_file(files("bench.report.look") / "fonts" / f"ReportSans-{style}.ttf") as path:
            font_manager.fontManager.addfont(path)
