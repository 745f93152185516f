"""Display names of optimisers: a file of `label: name`, for figures and tables.

```yaml
optuna_tpe: TPE (Optuna)
my_es: Ours
```

The keys are labels as the report has them; those that it does not have are left alone, so that one file serves many.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from bench import files
from bench.errors import UserError
from bench.wording import one_line

_LONGEST = 60


def read(path: Path) -> dict[str, str]:
    """The names by label; raises `UserError`, one line, where the file cannot be read or is not as it must be."""
    try:
        content = yaml.safe_load(files.regular(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())
        raise UserError(f"--names={path}: cannot be read as YAML ({reason})") from None
    if not isinstance(content, Mapping) or not content:
        raise UserError(f"--names={path}: expected lines such as 'optuna_tpe: TPE', an optimiser and its name")
    for label, name in content.items():
        if not isinstance(label, str) or not isinstance(name, str) or not name.strip():
            raise UserError(f"--names={path}: {label!r}: {name!r}: both must be text; put quotes around it")
        if one_line(name) != name or len(name) > _LONGEST:
            raise UserError(f"--names={path}: {label!r}: the name must be one line of at most {_LONGEST} characters")
    return {label: name.strip() for label, name in content.items()}


def refuse_clashes(names: Mapping[str, str], labels: Collection[str]) -> None:
    """Raises `UserError` where two of the labels would have one name."""
    shown: dict[str, str] = {}
    for label in sorted(labels):
        other = shown.setdefault(names.get(label, label), label)
        if other != label:
            raise UserError(f"--names: {other!r} and {label!r} would both be called {names.get(label, label)!r}")
