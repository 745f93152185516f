"""Text that others wrote, in a report: names of folders and what metadata hold are no markup, in no form."""

import re
from collections.abc import Callable

from bench.wording import one_line

_SPANS = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")

_MARKDOWN = re.compile(
    r"""
    \\(?=[!-/:-@\[-`{-~]|\Z)       # a backslash that would be an escape
    | [`*~$]                       # code, emphasis, what is struck out, mathematics
    | (?<![^\W_])_ | _(?![^\W_])   # emphasis: not within a word
    | [\[\]]                       # a link, an image, where a link leads
    | &(?=\#?\w+;)                 # an entity
    """,
    re.VERBOSE,
)
_LINK = re.compile(r"\](?=[(\[:])")
_TAG = re.compile(r"<(?![ \d=])")
_BLOCK = re.compile(r"\s*(?:([#>+=-]|\[(?=[ xX]\]))|(\d+)([.)](?:\s|$)))")

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "`": r"\textasciigrave{}", '"': r"\textquotedbl{}",
    "∞": r"$\infty$", "≥": r"$\geq$", "≤": r"$\leq$", "\N{MINUS SIGN}": r"$-$", "·": r"\textperiodcentered{}",
}  # fmt: skip

_DASHES = re.compile("-(?=-)")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def markdown(text: str) -> str:
    r"""Text within a line of Markdown: no markup, no HTML, and one line.

    >>> print(markdown("a_b *c* <b> [d](e) &lt; `f`"))
    a_b \*c\* &lt;b> \[d\](e) &amp;lt; \`f\`
    """
    line = one_line(text)
    links = bool(_LINK.search(line))

    def escaped(match: re.Match[str]) -> str:
        letter = match[0]
        if letter in "[]" and not links:
            return letter
        return "&amp;" if letter == "&" else f"\\{letter}"

    return _TAG.sub("&lt;", _MARKDOWN.sub(escaped, line))


def paragraph(sentence: str) -> str:
    r"""A sentence of ours as a line of Markdown: its `code` and **bold**, and nothing else, are marked.

    >>> print(paragraph("# `a|b`, **c** <i>"))
    \# `a|b`, **c** &lt;i>
    """
    line = prose(sentence, markdown, lambda code: f"`{code}`", lambda bold: f"**{markdown(bold)}**")
    begun = _BLOCK.match(line)
    if begun is None:
        return line.lstrip()
    mark, number, end = begun.groups()
    return (f"\\{mark}" if mark else f"{number}\\{end}") + line[begun.end() :]


def prose(sentence: str, plain: Callable[[str], str], code: Callable[[str], str], bold: Callable[[str], str]) -> str:
    """A sentence put together again of its parts: what is plain, what stands between ` and what between **."""
    before, *marked = _SPANS.split(sentence)
    parts = [plain(before)]
    for span, strong, after in zip(marked[::3], marked[1::3], marked[2::3], strict=True):
        parts += [bold(strong) if span is None else code(one_line(span)), plain(after)]
    return "".join(parts)


def cell(text: str) -> str:
    r"""A cell of a table in Markdown.

    >>> print(cell("a|b"))
    a\|b
    """
    return markdown(text).replace("|", "\\|")


def latex(text: str) -> str:
    r"""Text for LaTeX: `a_b` becomes `a\_b`, and nothing in it is a command, a comment or an argument.

    >>> print(latex("a_b"), latex("[2cm]"), latex("--x"))
    a\_b {}[2cm] -{}-x
    """
    escaped = "".join(_LATEX.get(letter, letter) for letter in one_line(text))
    escaped = _DASHES.sub("-{}", escaped)
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def csv(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: such a text gets a ' before it.

    A number, and a sign alone, stay as they are.

    >>> csv("=1+1"), csv("-2.5"), csv("=")
    ("'=1+1", '-2.5', '=')
    """
    line = text if text.replace("\n", "").isprintable() else one_line(text)
    return f"'{line}" if _FORMULA.match(line) and not _NUMBER.fullmatch(line) else line
