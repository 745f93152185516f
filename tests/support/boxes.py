"""What a drawn figure shows where: every text within it, no two on each other."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> Iterator[Text]:
    """Every text that is seen: titles, axis labels, marks, names, notes, numbers."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip():
            yield text


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Where they stand; call it when the figure has been rendered. Marks beyond their axis are not drawn."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    hidden = set()
    for axes in figure.axes:
        for axis, low, high in ((axes.xaxis, *sorted(axes.get_xlim())), (axes.yaxis, *sorted(axes.get_ylim()))):
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                beyond = not low - 1e-9 <= tick.get_loc() <= high + 1e-9
                hidden |= {label for label in (tick.label1, tick.label2) if beyond or not label.get_visible()}
            hidden |= {axis.offsetText} if not axis.get_visible() else set()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure) if text not in hidden]


def all_seen(figure: Figure) -> list[str]:
    """What is cut off or covered, none if all is well; half a pixel is forgiven."""
    seen = boxes(figure)
    whole = figure.bbox
    faults = [
        f"cut off: {text!r}"
        for text, box in seen
        if box.x0 < whole.x0 - 0.5 or box.y0 < whole.y0 - 0.5 or box.x1 > whole.x1 + 0.5 or box.y1 > whole.y1 + 0.5
    ]
    places = np.array([box.extents for _, box in seen])
    overlap = np.minimum(places[:, None, 2:], places[None, :, 2:]) - np.maximum(
        places[:, None, :2], places[None, :, :2]
    )
    for one, other in np.argwhere(np.triu((overlap > 0.5).all(axis=2), k=1)):
        faults.append(f"on each other: {seen[one][0]!r} and {seen[other][0]!r}")
    return faults
