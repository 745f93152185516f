"""A scikit-learn estimator behind its preparation, as one pipeline."""

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import BaseCrossValidator
from sklearn.pipeline import Pipeline

from bench.errors import UserError
from bench.models.preparation import counting
from bench.models.scikit_learn import LEAST_COUNT
from bench.problems.data import DataProblem
from bench.running.script.contract import threads
from bench.running.script.literals import Source, call, literal
from bench.running.script.training import Training, categories, counted, train_rows
from bench.space import Configuration

if TYPE_CHECKING:
    from bench.models.scikit_learn import Estimator

_ZEROED = '''
def zeroed(table, columns):
    """A copy that holds 0 where train has no value at all."""
    table = table.copy()
    table[:, columns] = 0.0
    return table

'''


def scikit_learn(problem: DataProblem, configuration: Configuration) -> Training:
    """`make_pipeline` of what prepares features and of the estimator, and its `fit` and `predict`."""
    model: Estimator = problem.model  # type: ignore[assignment]
    imports: set[str] = {"from sklearn.pipeline import make_pipeline"}
    made = [
        model.unfitted(configuration, fold.train, problem.model_seed, problem.recipe.threads) for fold in problem.folds
    ]
    estimator, preparation, argument = made[0]
    steps = [*_steps(preparation.transformer, imports), Source(constructor(estimator, imports, indent=8))]
    folds = {each.cv.n_splits for each, _, _ in made if isinstance(each, CalibratedClassifierCV)}
    if len(folds) > 1:
        rarest = f"np.bincount(data.target[{train_rows(problem)}]).min()"
        fixed, least = f"StratifiedKFold({estimator.cv.n_splits}", f"StratifiedKFold(min({model.calibrate}, {rarest})"
        steps[-1] = Source(steps[-1].replace(fixed, least))
    empty = any(each.empty.any() for _, each, _ in made)
    if empty:
        imports.add("from sklearn.preprocessing import FunctionTransformer")
        steps.insert(0, Source('FunctionTransformer(zeroed, kw_args={"columns": empty})'))
    rows = train_rows(problem)
    weighing = ""
    if argument:
        weighing = f", {type(estimator).__name__.lower()}__{argument}=data.weights[{rows}]"
    find_empty = f"    empty = np.isnan(table({rows})).all(axis=0)\n" if empty else ""
    functions = f"""{_table(problem)}{_ZEROED if empty else ""}
def fit(fold):
{counted(problem)}{find_empty}    model = {call("make_pipeline", steps, indent=4)}
    return model.fit(table({rows}), data.target[{rows}]{weighing})

{_predict(problem, model)}"""
    if "np." in functions:
        imports.add("import numpy as np")
    return Training(
        functions=functions,
        constants=threads(problem),
        others=frozenset({*imports, "from threadpoolctl import threadpool_limits"}),
    )


def _table(problem: DataProblem) -> str:
    if not categories(problem):
        return """
def table(rows):
    return np.ascontiguousarray(data.features.iloc[rows])

"""
    return '''
def table(rows):
    """Numbers, then the codes of categories, -1 where missing."""
    part = data.features.iloc[rows]
    codes = [part[name].cat.codes for name in part.select_dtypes("category")]
    return np.ascontiguousarray(np.column_stack([part.select_dtypes("number"), *codes]))

'''


def _predict(problem: DataProblem, model: "Estimator") -> str:
    if not model.classes:
        predicted = "model.predict(table(rows))"
        if model.task == "counts":
            predicted = f"np.maximum({predicted}, {LEAST_COUNT})"
        return f"\ndef predict(model, rows):\n    return {predicted}\n"
    for fold in problem.folds:
        if len(np.unique(counting(fold.train).target)) < model.classes:
            return f"""
def predict(model, rows):
    shares = np.zeros((len(rows), {model.classes}))
    shares[:, model.classes_] = model.predict_proba(table(rows))
    return shares
"""
    return "\ndef predict(model, rows):\n    return model.predict_proba(table(rows))\n"


def _steps(transformer: Any, imports: set[str]) -> list[Source]:
    """What prepares: its steps alone, where all columns are numbers."""
    parts = [(name, part) for name, part, _ in transformer.transformers]
    if [name for name, _ in parts] == ["numbers"]:
        part = parts[0][1]
        if isinstance(part, str):
            return []
        inner = [step for _, step in part.steps] if isinstance(part, Pipeline) else [part]
        return [Source(constructor(step, imports, indent=8)) for step in inner]
    return [Source(constructor(transformer, imports, indent=8))]


def constructor(value: Any, imports: set[str], indent: int = 0) -> str:
    """The call that makes an unfitted estimator, or another plain argument of one; `imports` gains what it needs."""

    def inner(values: Iterable[Any]) -> list[Source]:
        return [Source(constructor(each, imports, indent + 4)) for each in values]

    if isinstance(value, Pipeline) and [name for name, _ in value.steps] == _usual_names(value):
        imports.add("from sklearn.pipeline import make_pipeline")
        source = call("make_pipeline", inner(step for _, step in value.steps), indent=indent)
    elif isinstance(value, BaseEstimator | BaseCrossValidator):
        imports.add(f"from {_public(type(value))} import {type(value).__name__}")
        first, keywords = _arguments(value)
        named = dict(zip(keywords, inner(keywords.values()), strict=True))
        source = call(type(value).__name__, inner(first), named, indent)
    elif isinstance(value, slice):
        source = f"slice({value.start}, {value.stop})"
    elif isinstance(value, list | tuple):
        source = literal(inner(value) if isinstance(value, list) else tuple(inner(value)), indent)
    elif isinstance(value, type) and value.__module__ == "numpy":
        imports.add("import numpy as np")
        source = f"np.{value.__name__}"
    else:
        source = literal(value.item() if isinstance(value, np.generic) else value, indent)
    return source


def _arguments(made: Any) -> tuple[list[Any], Mapping[str, Any]]:
    """Those that are not at their defaults; the ones without a default first, by place."""
    first, keywords = [], {}
    for name, parameter in inspect.signature(type(made).__init__).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        value = getattr(made, name)
        if parameter.default is parameter.empty or (isinstance(made, BaseCrossValidator) and name == "n_splits"):
            first.append(value)
        elif not _same(value, parameter.default):
            keywords[name] = value
    return first, keywords


def _same(value: Any, default: Any) -> bool:
    plain = type(value) is type(default) and not isinstance(value, BaseEstimator)
    return value is default or (plain and bool(np.all(value == default)))


def _usual_names(pipeline: Pipeline) -> list[str]:
    names = [type(step).__name__.lower() for _, step in pipeline.steps]
    return names if len(set(names)) == len(names) else []


def _public(class_: type) -> str:
    """The module that a class is imported from: without the parts that are private."""
    public = class_.__module__.partition("._")[0]
    if getattr(importlib.import_module(public), class_.__name__, None) is class_:
        return public
    if all(part.isidentifier() for part in class_.__module__.split(".")) and class_.__name__.isidentifier():
        return class_.__module__
    raise UserError(f"--python: {class_.__name__} cannot be imported by a script")
