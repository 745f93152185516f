"""Draw what `bench explain` has recorded: a figure of each proposal, and a page that plays them."""

from base64 import b64encode
from pathlib import Path

from bench import files
from bench.report.figures import canvas
from bench.report.figures import explained as figures
from bench.report.page import player

VALUES, PAGE = "explain.parquet", "explain.html"


def write(folder: Path) -> Path:
    """The figures (PNG and PDF) and the page of the values that are in `folder`; returns the page's path.

    Raises `OSError` as the system does.
    """
    explained = figures.read(folder / VALUES)
    frames = []
    with canvas.look():
        for row in explained.rows:
            drawn = canvas.render(figures.draw(explained, row["trial"]), formats=("png", "pdf"))
            for kind, content in drawn.items():
                files.write(folder / "figures" / f"proposal-{row['trial'] + 1:03}.{kind}", content)
            narrow = canvas.render(figures.draw(explained, row["trial"], narrow=True), 0.9, formats=("png",))
            text = figures.sentence(explained, row["trial"])
            frames.append(player.Frame(_uri(drawn["png"]), _uri(narrow["png"]), text))
    about = explained.metadata
    title = f"What {about['optimizer']} thinks of {about['problem']}"
    if not about["shows_model"]:
        title = f"Where {about['optimizer']} looks on {about['problem']}"
    first = next(iter(explained.modelled), 0)
    files.write(folder / PAGE, player.page(title, frames, first).encode())
    return folder / PAGE


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
