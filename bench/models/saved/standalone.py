"""A script of one file from the modules that predict: it needs the libraries alone, and not the suite."""

import ast
from importlib import resources

_SHARED = ("rows", "averaged")
_HEAD = "Predictions of the model in this folder for the rows of a file: python predict.py ROWS.csv; see card.md."


def script(part: str, *, prepares: bool) -> str:
    """The source of `predict.py` for the models of one `part`, such as lightgbm_part."""
    modules = ["rows", *(["preparation_part"] if prepares else []), part, "averaged", "command"]
    imports: dict[str, set[str]] = {}
    bodies = []
    for module in modules:
        text = resources.files("bench.models.saved").joinpath(f"{module}.py").read_text(encoding="utf-8")
        nodes = ast.parse(text).body[1:]  # without the docstring
        first = next(node for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom))
        for node in nodes:
            if isinstance(node, ast.Import):
                imports.setdefault(ast.unparse(node), set())
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("bench."):
                imports.setdefault(f"from {node.module} import", set()).update(alias.name for alias in node.names)
        bodies.append("\n".join(text.splitlines()[first.lineno - 1 :]))
    lines = [" ".join([line, ", ".join(sorted(names))]).strip() for line, names in imports.items()]
    lines.sort(key=lambda line: (not _is_standard(line), line.startswith("from"), line))
    standard = [line for line in lines if _is_standard(line)]
    others = [line for line in lines if not _is_standard(line)]
    return "\n".join([f'"""{_HEAD}"""', "", *standard, "", *others, "", "\n\n\n".join(bodies), ""])


def _is_standard(line: str) -> bool:
    return line.split()[1].partition(".")[0] in (
        "argparse",
        "collections",
        "json",
        "os",
        "pathlib",
        "re",
        "sys",
        "typing",
    )
