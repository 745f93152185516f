"""Text into HTML and data into scripts, so that no name, message or file can become markup."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from bench.report.page.document import Download
from bench.report.tables import escaping


def prose(sentence: str) -> Markup:
    """A sentence with its `code` and **bold**.

    >>> print(prose("made by `a < b`, **twice**"))
    made by <code>a &lt; b</code>, <strong>twice</strong>
    """
    code, bold = Markup("<code>{}</code>").format, Markup("<strong>{}</strong>").format
    return Markup(escaping.prose(sentence, escape, code, bold))  # noqa: S704 - each of its parts is escaped


def data(value: Any) -> str:
    """JSON for a script element: no `<` ends it, no line separator ends a line, and NaN is refused."""
    plain = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def url(file: Download) -> str:
    """The file itself, as an address; that of the file where it stands beside the page."""
    if file.path:
        return quote(file.path)
    return f"data:{file.mime};base64,{base64.b64encode(file.content).decode()}"


@cache
def own(name: str) -> str:
    """A file of the package, as it stands in the page."""
    return files("bench.report.page").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def digest(content: str) -> str:
    """The source of a script or a style sheet, as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
