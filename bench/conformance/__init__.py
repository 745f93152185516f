"""The conformance suite: what every optimiser must pass, those of the suite and a contributor's own.

`bench check NAME` runs it, and so does a test of one's own:

    subject = conformance.subject("my_optimizer", Path("mine"))
    failures = [check for check in conformance.check(subject) if check.status == "FAIL"]

Rooms: `spaces` what an optimiser is tried on, `drawing` how such spaces are generated, `playing` a plain loop of ask
and tell, `rungs` proposals at fidelities, `watching` what a run leaves behind, `elsewhere` the same in another process,
`running` the same by the real runner, `lab` all these for one optimiser, `rules` what must hold, `suite` the rules
tried on spaces.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.config import extras
from bench.conformance.playing import Subject
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.conformance.suite import Check, check

__all__ = ["Check", "Subject", "check", "subject"]


def subject(name: str, config_dir: Path | None = None) -> Subject:
    """The optimiser of a config; raises `UserError` where there is none of that name, or it names no class."""
    from bench.config import catalogue, values  # noqa: PLC0415 - as below

    config = catalogue.config("optimizer", name, config_dir)
    if "class" not in config:
        raise UserError(f"optimizer.class: missing in {name}.yaml; name a class by its dotted path")
    values.check_optimizer({"name": name, **config})
    return Subject(name, str(config["class"]), config.get("settings") or {}, bool(config.get("multi_fidelity")))


def __getattr__(name: str) -> Any:
    """The suite when it is asked for: the processes of `elsewhere` start sooner without the runner and Hypothesis."""
    if name in ("Check", "check"):
        try:
            from bench.conformance import suite  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] != "hypothesis":
                raise
            raise UserError(f"bench check {extras.missing('hypothesis')}") from None
        return getattr(suite, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
