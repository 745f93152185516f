"""A problem without data: the loss is the value of a function of the configuration, such as a formula or a simulator.

With `model.objectives`, or the run's `objectives`, it returns as many numbers, which are so named in that order, or a
mapping with a number by each name.

`model.function` names a function, called with a configuration (a dict) and the settings as keywords, or a class, built
once with the settings, whose object is called with a configuration. It returns a number. Where `model.fidelity`
declares rungs, one of them is given as the keyword `fidelity` besides. docs/functions.md shows the other keys.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bench import provenance, texts
from bench.checks import is_number, whole
from bench.config.components import build as build_component
from bench.errors import UserError, allowed
from bench.models import Step
from bench.problems import called, deviates, objectives
from bench.problems.contract import AtRung, Evaluate, Evaluation, Recipe, is_outcome
from bench.problems.controls import Control
from bench.problems.fidelity import Fidelity, parse_of_function
from bench.problems.identified import Identified, in_any_order, key_of
from bench.space import Configuration, InvalidConfiguration, Space, parsing, to_json

if TYPE_CHECKING:
    from bench.datasets import Dataset

KEYS = (
    "name", "description", "function", "settings", "revision", "libraries", "dimension", "space", "fidelity", "minimum",
    "traits", "noise", "baseline", "objectives", "front", "stored",
)  # fmt: skip
"""The keys of a function's YAML."""

CUT = 10
"""After how many evaluations that were ended by a limit, or died, no more are made for a baseline."""

loads = False
controls: tuple[str, ...] = ("permuted", "decorrelated")


@dataclass(frozen=True, eq=False, kw_only=True)
class FunctionProblem(Identified):
    """A function over a space. Its losses depend on no seed, except where noise is added to them."""

    function: Callable[..., Any]
    """Takes a configuration, and where there are rungs one of them as `fidelity`."""
    noise: float
    """The standard deviation of what is added to the value, by the configuration, the rung and the model seed."""
    model_seed: int
    drawn: int
    """How many points the baseline is the mean of; 0: as few as can be, and only where it is needed."""
    libraries: tuple[str, ...]
    minimum: tuple[float, tuple[Configuration, ...]] | None
    """The least value, and where in the space it is; None where that is not known."""
    traits: Mapping[str, bool | str]
    """What is known of the function by name, such as `multimodal`: by it a report groups problems."""
    fidelity: Fidelity | None = None
    """The rungs, where the config declares some; a full evaluation is one at the highest."""
    returned: tuple[str, ...] = ()
    """The same names in the order in which the function returns the losses."""
    front: NDArray[np.float64] | None = None
    """Points of the Pareto front, (points, objectives), in the order of `objectives`; None where it is not known."""
    plain: "FunctionProblem | None" = None
    """Of a control the problem that it is one of."""

    def under(self, control: Control, recipe: Recipe) -> Self:
        """The same problem as a control; where that is of full evaluations, nothing is known of where its minimum is.

        What has been drawn for a baseline is as good as what would be: the points are of one distribution.
        """
        permuted = control.name == "permuted"
        return replace(
            super().under(control, recipe),
            minimum=None if permuted else self.minimum,
            front=None if permuted else self.front,
            plain=self,
        )

    @property
    def label(self) -> str:
        """What the loss is called: it is the function's value, or the first of them."""
        return self.objectives[0] if self.objectives else "value"

    def rung_key(self, configuration: Configuration, rung: int) -> str:
        """What may be reused of an evaluation at a rung; at full fidelity it is `key`.

        It depends on no other rung: the function is not told of them.
        """
        return key_of(self._key_prefix_at(None if self.fidelity is None else rung), configuration)

    @property
    def _full(self) -> int | None:
        """The rung of a full evaluation."""
        return None if self.fidelity is None else self.fidelity.high

    @property
    def _key_parts(self) -> dict[str, Any]:
        """The versions of NumPy and of `libraries` too."""
        return super()._key_parts | {"versions": provenance.versions(("numpy", *self.libraries))}

    def _key_prefix_at(self, rung: int | None) -> bytes:
        if rung is None or rung == self._full:
            return self._key_prefix
        if rung not in self._key_prefixes:
            parts = self._key_parts | {"fidelity": rung}
            self._key_prefixes[rung] = provenance.digest(parts).encode()
        return self._key_prefixes[rung]

    @cached_property
    def _key_prefixes(self) -> dict[int, bytes]:
        return {}

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """The function's value as the loss. There is no test loss, except where noise is added: it is then the value
        without noise, by which the choice of an optimiser that saw the noise is judged.
        """
        return self._evaluate_at(configuration, self._full)

    def evaluate_rungs(self, configuration: Configuration, rungs: Sequence[int], at: AtRung) -> None:
        """Evaluate one canonical configuration at `rungs` of `fidelity`, ascending, until `at` returns True.

        Each is a call of its own, and at full fidelity the evaluation is that of `evaluate`. After an evaluation that
        is not ok none follows.
        """
        for rung in rungs:
            evaluation = self._evaluate_at(configuration, rung)
            if at(rung, evaluation) or evaluation.status != "ok":
                return

    def _evaluate_at(self, configuration: Configuration, rung: int | None) -> Evaluation:
        start = time.perf_counter()
        try:
            values = self._values(configuration, rung)
        except BaseException as failure:
            if not is_outcome(failure):
                raise
            return Evaluation(None, None, time.perf_counter() - start, "failed", texts.of_error(failure))
        seconds = time.perf_counter() - start
        if not self.objectives:
            loss, test_loss = self._loss(values[0], configuration, rung)
            return Evaluation(loss, test_loss, seconds, "ok")
        losses = {
            name: self._loss(value, configuration, rung, name)
            for name, value in zip(self.objectives, values, strict=True)
        }
        loss, test_loss = losses[self.objectives[0]]
        return Evaluation(loss, test_loss, seconds, "ok", losses=losses)

    @cached_property
    def baseline_loss(self) -> float:
        """The `baseline` by evaluations in this process."""
        return self.baseline(self.evaluate) if self.plain is None else self.plain.baseline_loss

    def baseline(self, evaluate: Evaluate) -> float:
        """That of the loss alone of the `baselines`."""
        return self.baselines(evaluate)[0]

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """Each loss's mean over `drawn` configurations, by the space's reference distribution, from a fixed seed.

        Configurations without a value are passed over: where the function raises, is ended by a limit, or dies. Where
        ten times as many have none, or `CUT` were ended or died, the mean is over those that have one, and 0 over none.
        """
        rng = np.random.default_rng(0)
        wanted = max(self.drawn, 1)
        values: list[tuple[float, ...]] = []
        cut = 0
        for _ in range(10 * wanted):
            outcome = evaluate(self.space.sample(rng))
            if outcome.status == "ok":
                pairs = [[outcome.loss, outcome.test_loss]] if outcome.losses is None else outcome.losses.values()
                values.append(tuple(test if self.noise else loss for loss, test in pairs))  # type: ignore[misc]
            cut += outcome.status in ("timeout", "crashed")
            if len(values) == wanted or cut == CUT:
                break
        of_each = zip(*values, strict=True) if values else [()] * max(len(self.objectives), 1)
        return tuple(math.fsum(value / len(values) for value in of_one) for of_one in of_each)

    def check(self, evaluate: Evaluate) -> None:
        """Raise `UserError` where the function has not the minimum that its config states."""
        least, where = self.minimum or (0.0, ())
        for point in where:  # a minimum that the function does not have would judge every optimiser wrongly
            outcome = evaluate(point)
            value = outcome.test_loss if self.noise else outcome.loss
            if value is None or abs(value - least) > 1e-6 * max(1.0, abs(least)):
                what = outcome.error or f"the value is {value!r}"
                raise UserError(f"model.minimum: loss is {least!r}, but at {to_json(point)} {what}; mend or remove it")

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, `known_minimum` and `known_minimisers` (None where not known), `noise`; where there are some, the
        traits and the libraries named.
        """
        least, where = self.minimum or (None, None)
        computed_by = {"computed_by": provenance.versions(self.libraries)} if self.libraries else {}
        traits = {"traits": dict(self.traits)} if self.traits else {}
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "key_prefix": self._key_prefix.decode(),
            "metric": self.label,
            "task": "function",
            "baseline_loss": (self.baseline_loss if baseline_loss is None else baseline_loss) if self.drawn else None,
            "known_minimum": least,
            "known_minimisers": None if where is None else list(where),
            "noise": self.noise,
            **traits,
            **computed_by,
            **({} if self.control is None else {"control": self.control.name}),
        }

    def _values(self, configuration: Configuration, rung: int | None) -> tuple[float, ...]:
        """What the function returns, in the order of `objectives`; of one loss its value alone."""
        at = {} if rung is None else {"fidelity": rung}
        returned = self.function(dict(self._evaluated(configuration, rung)), **at)
        if not self.returned:
            return (_number("value", returned),)
        values = _each(returned, self.returned)
        if values is None:
            raise UserError(
                f"model.function={self.identity['function']}: returned {texts.line(repr(returned), 200)}; expected "
                f"{len(self.returned)} numbers: {', '.join(self.returned)}"
            )
        named = {name: _number(name, value) for name, value in zip(self.returned, values, strict=True)}
        return tuple(named[name] for name in self.objectives)

    def _evaluated(self, configuration: Configuration, rung: int | None) -> Configuration:
        """The point at which a configuration is evaluated: itself, or of a control another."""
        if self.control is None or (self.control.name == "decorrelated" and rung == self._full):
            return configuration
        return self.control.point(self.space, configuration)

    def _loss(self, value: float, configuration: Configuration, rung: int | None, name: str = "") -> list[float | None]:
        """The loss and the test loss that a value makes."""
        if not self.noise:
            return [value, None]
        return [value + self.noise * self._deviate(configuration, rung, name), value]

    def _deviate(self, configuration: Configuration, rung: int | None, name: str) -> float:
        """A standard normal number of this configuration's own, of the rung, and of each of several losses."""
        at = "" if rung is None else f"{rung} "
        if name:
            at += f"{name} "
        return deviates.normal(f"{self.model_seed} {at}".encode() + in_any_order(configuration))


def chosen(groups: Mapping[str, Any]) -> bool:
    """Whether the model of a config is a function."""
    return "function" in groups["model"]


def stored(groups: Mapping[str, Any]) -> bool:
    """A function may take minutes, or its process with it: it is stored unless its config says that it need not be."""
    return groups["model"].get("stored") is not False


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """A function's config without what its losses do not depend on: the split, and seeds where there is no noise."""
    seeds = {"model": groups["seeds"]["model"]} if groups["model"].get("noise") else {}
    return {**groups, "resampling": {}, "seeds": seeds}


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where there is data, or a key of a function's YAML is unknown or its value cannot be used."""
    model, metric = groups["model"], groups["metric"].get("name")
    if groups["dataset"].get("load") is not None:
        raise UserError(
            f"dataset={groups['dataset']['name']}: model={model['name']} is a function, which has no data; "
            "set dataset=function, or choose a model that is trained"
        )
    if "class" in model:
        raise UserError("model.class: stands beside model.function; keep the one that is meant")
    if metric != "auto":
        raise UserError(f"metric={metric}: the loss of a function is its value; leave metric=auto")
    for key in model:
        if key not in KEYS:
            raise UserError(f"model.{key}: unknown key of a function; {allowed(key, KEYS)}")
    _check_values(model)
    parse_of_function(model.get("fidelity"))
    _check_objectives(groups)
    called.check(model["function"], model.get("settings") or {})


def _check_values(model: Mapping[str, Any]) -> None:
    for key, least in (("dimension", 1), ("baseline", 0), ("revision", 0)):
        value = model.get(key)
        if value is not None:
            whole(f"model.{key}", value, least)
    if not isinstance(model.get("stored", True), bool):
        raise UserError(f"model.stored={model['stored']!r}: expected true or false")
    noise = model.get("noise") or 0.0
    if not is_number(noise) or noise < 0:
        raise UserError(f"model.noise={noise!r}: expected a standard deviation, a number from 0")
    libraries = model.get("libraries") or []
    if not isinstance(libraries, list) or not all(isinstance(name, str) for name in libraries):
        raise UserError(f"model.libraries={libraries!r}: expected a list of the names of distributions")
    minimum = model.get("minimum")
    if minimum is not None and not _is_minimum(minimum):
        raise UserError(f"model.minimum={minimum!r}: expected {{loss: NUMBER, at: [{{x: 0.5}}, ...]}}")
    traits = model.get("traits")
    if traits is not None and not _are_traits(traits):
        raise UserError(f"model.traits={traits!r}: expected names with true, false or text, as {{multimodal: true}}")


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> FunctionProblem:
    """The problem of a recipe whose model is a function; raises `UserError` where the config cannot be used."""
    assert dataset is None
    config, seeds = recipe.groups["model"], recipe.groups["seeds"]
    settings = config.get("settings") or {}
    space = parsing.parse(config.get("space") or {})
    dimension = config.get("dimension")
    if dimension not in (None, len(space.parameters)):
        raise UserError(f"model.dimension={dimension}: the space has {len(space.parameters)} parameters; write it so")
    noise = float(config.get("noise") or 0.0)
    model_seed = recipe.seed if seeds.get("model") == "seed" else seeds.get("model", 0)
    libraries = tuple(config.get("libraries") or ())
    ladder = parse_of_function(config.get("fidelity"))
    identity = {
        "function": config["function"],
        "settings": settings,
        "revision": config.get("revision") or 0,
        "space": space.describe(),
    }
    if ladder is not None:
        identity |= {"fidelity": ladder.high}
    names = tuple(recipe.groups.get("objectives") or config.get("objectives") or ())
    returned = tuple(config.get("objectives") or names)
    if names:
        identity |= {"objectives": list(returned), "metric": names[0]}
    family = provenance.digest(identity | ({"noise": noise, "model_seed": seeds.get("model", 0)} if noise else {}))
    if noise:
        identity |= {"noise": noise, "model_seed": model_seed}
    function = called.made(config["function"], settings, at_rungs=ladder is not None)
    return FunctionProblem(
        recipe=recipe,
        function=function,
        space=space,
        noise=noise,
        model_seed=model_seed,
        drawn=config.get("baseline") or 0,
        libraries=libraries,
        minimum=_known(config.get("minimum") or getattr(function, "known_minimum", None), space),
        traits=config.get("traits") or getattr(function, "known_traits", {}),
        identity=identity,
        family=family,
        fidelity=ladder,
        objectives=names,
        returned=returned,
        front=_front(config["front"], settings, names, returned) if config.get("front") is not None else None,
    )


def _check_objectives(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where these cannot be the names of what a function returns."""
    own, chosen = groups["model"].get("objectives"), groups.get("objectives")
    for names, where in ((own, "model.objectives"), (chosen, "objectives")):
        if names is not None:
            objectives.check(names, where)
    if own is not None and chosen is not None and set(own) != set(chosen):
        raise UserError(
            f"objectives={list(chosen)}: model={groups['model']['name']} returns {', '.join(own)}; name them all"
        )
    if groups["model"].get("minimum") is not None and (own or chosen):
        raise UserError("model.minimum: of several losses there is none; remove it, or objectives")
    if groups["model"].get("front") is not None and not (own or chosen):
        raise UserError("model.front: of one loss there is none; remove it, or name the losses as objectives")


def _front(
    path: object, settings: Mapping[str, Any], names: Sequence[str], returned: Sequence[str]
) -> NDArray[np.float64]:
    """The points that the function named gives, called with the settings, in the order of `names`; else `UserError`."""
    points = build_component("model", path, (), settings, "front")
    try:
        front = np.array(points, dtype=np.float64)
    except (TypeError, ValueError):
        front = np.empty(0)
    if front.ndim != 2 or not len(front) or front.shape[1] != len(names) or not np.isfinite(front).all():
        raise UserError(
            f"model.front={path}: gave {texts.line(repr(points), 80)}; expected a row of {len(names)} finite numbers "
            f"for each point of the front: {', '.join(returned)}"
        )
    return front[:, [list(returned).index(name) for name in names]]


def _each(returned: Any, names: Sequence[str]) -> list[Any] | None:
    """What was returned, in the order of the names; None where it is not one value of each.

    A mapping has them by name, anything else but a set, which has no order, in their order.
    """
    if isinstance(returned, Mapping):
        return [returned[name] for name in names] if set(returned) == set(names) else None
    ordered = np.iterable(returned) and not isinstance(returned, str | bytes | AbstractSet)
    values = list(returned) if ordered else [returned]
    return values if len(values) == len(names) else None


def _number(name: str, returned: Any) -> float:
    """What was returned, as a finite number; raises `TypeError` or `FloatingPointError` where it is none."""
    if type(returned) is not float:
        none = isinstance(returned, bool | str | np.bool_) or not hasattr(returned, "__float__")
        if none or np.iscomplexobj(returned):
            several = isinstance(returned, list | tuple | Mapping)
            way = "; several losses are named by objectives" if several and name == "value" else ""
            raise TypeError(f"the {name} is {returned!r}, which is not a number{way}")
    value = float(returned)
    if not math.isfinite(value):
        raise FloatingPointError(f"the {name} is {value}")
    return value


def _known(minimum: Mapping[str, Any] | None, space: Space) -> tuple[float, tuple[Configuration, ...]] | None:
    """The minimum that is stated, where at least one of the points that have it is a point of the space."""
    where = []
    for point in (minimum or {}).get("at", ()):
        try:
            where.append(space.canonical(point))
        except InvalidConfiguration:
            continue
    return (float(minimum["loss"]), tuple(where)) if minimum and where else None


def _is_minimum(minimum: Any) -> bool:
    if not isinstance(minimum, Mapping) or set(minimum) != {"loss", "at"} or not is_number(minimum["loss"]):
        return False
    at = minimum["at"]
    return isinstance(at, list) and bool(at) and all(isinstance(point, Mapping) for point in at)


def _are_traits(traits: Any) -> bool:
    return isinstance(traits, Mapping) and all(
        isinstance(name, str) and isinstance(value, bool | str) for name, value in traits.items()
    )
