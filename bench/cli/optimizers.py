"""What each optimiser can express of a space and what it approximates, as it declares on a small reference space."""

import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import provenance, texts
from bench.config import catalogue, values
from bench.config.components import Raised
from bench.conformance.playing import Subject
from bench.conformance.spaces import REFERENCE
from bench.errors import UserError
from bench.optimizers import Declaration
from bench.space import Space
from bench.space.parsing import parse

_WIDTH = 118


def listing(config_dir: Path | None = None) -> str:
    """Every optimiser: its description, its libraries' versions, which kinds are exact, and what is not."""
    lines = ["optimizer"]
    for name in catalogue.names("optimizer", config_dir):
        lines.append(f"  {name}")
        for entry in _entries(name, config_dir):
            lines += textwrap.wrap(entry, _WIDTH, initial_indent="      ", subsequent_indent="        ")
    return "\n".join(lines) + "\n"


def _entries(name: str, config_dir: Path | None) -> Iterator[str]:
    try:
        config = catalogue.config("optimizer", name, config_dir)
        yield str(config.get("description") or "(no description)")
        values.check_optimizer({"name": name, **config})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library's remarks when it is imported are no part of the list
            space = parse(REFERENCE)
            settings, laddered = config.get("settings") or {}, bool(config.get("multi_fidelity"))
            optimizer = Subject(name, str(config.get("class")), settings, laddered).build(space, 0, 50)
    except Raised as error:  # one class that cannot be built leaves the others to be listed
        yield f"not available: building it raised {texts.of_error(error.reason)}"
        return
    except UserError as error:
        yield f"not available: {texts.line(error)}"
        return
    try:
        yield from list(described(optimizer, space, laddered))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a class that is none leaves the others to be listed
        yield f"not available: what it says of itself cannot be read: {texts.of_error(error)}"


def described(optimizer: Any, space: Space, laddered: bool = False) -> Iterator[str]:
    """What an optimiser built on `space`, and on resources if `laddered`, says of itself, line by line."""
    declared = getattr(optimizer, "declared", None) or Declaration()
    libraries = getattr(optimizer, "libraries", ())
    versions = provenance.versions(libraries)
    if libraries:
        named = (f"{library} {versions.get(library, '(not installed)')}" for library in libraries)
        yield f"library: {', '.join(named)}"
    else:
        yield "library: none, its own code"
    laws = declared.laws
    exact = [p.name for p in space.parameters if p.name not in laws or not laws[p.name].total_variation]
    others = [p.name for p in space.parameters if p.name not in exact]
    yield f"exact distributions: {'all' if not others else ', '.join(exact) or 'none'}"
    for parameter in others:
        law = laws[parameter]
        far = f"{law.total_variation:.2g} from its distribution (total variation)"
        yield f"approximate: {parameter} as {law.expression}, {far}"
    if declared.inactive != "absent":
        yield f"inactive parameters: {declared.inactive}"
    if declared.fallback:
        yield f"not by the method: {declared.fallback}"
    remarks = [
        "" if declared.takes_unasked else "takes no results of configurations that it did not propose",
        "" if declared.extendable else "a larger budget is another sequence",
        "every seed gives the same sequence" if declared.deterministic else "",
        "learns from no loss" if getattr(optimizer, "independent", False) else "",
        _fidelities(optimizer) if laddered else "",
    ]
    if any(remarks):
        yield f"also: {'; '.join(filter(None, remarks))}"


def _fidelities(optimizer: Any) -> str:
    if getattr(optimizer, "by_fold", False):
        return "ends evaluations early, fold by fold"
    return "ends evaluations early" if hasattr(optimizer, "report") else "chooses the fidelity of each evaluation"
