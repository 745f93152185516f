"""Any model of the suite's contract, by its own class: `fit(configuration, train, stop, seed, threads)`."""

from bench.problems.data import DataProblem
from bench.running.script.literals import Source, call, dotted, literal
from bench.running.script.training import Training
from bench.space import Configuration


def any_model(problem: DataProblem, configuration: Configuration) -> Training:
    """The class that the config names, built with its settings and fitted on parts."""
    config = problem.recipe.groups["model"]
    module, name = dotted(str(config["class"]))
    weighed = ", data.weights[rows]" if problem.dataset.weights is not None else ""
    arguments = [problem.dataset.task, len(problem.dataset.classes)]
    model = call(name, arguments, config.get("settings") or {})
    keywords = {"seed": problem.model_seed, "threads": problem.recipe.threads}
    parts = [Source("CONFIGURATION"), Source("part(fold.train)"), Source("part(fold.stop)")]
    functions = f"""
def part(rows):
    return Part(data.features.iloc[rows], data.target[rows]{weighed})


def fit(fold):
    return untrained.fit({", ".join([*parts, *(f"{key}={value}" for key, value in keywords.items())])})


def predict(model, rows):
    return model.predict(data.features.iloc[rows])
"""
    own = {f"from {module} import {name}", "from bench.models import Part"}
    limits = threads(problem) if problem.model.threads_matter else ""
    return Training(
        functions=functions,
        constants=f"CONFIGURATION = {literal(dict(configuration))}\n{limits}",
        prepared=f"untrained = {model}\n",
        others=frozenset({"from threadpoolctl import threadpool_limits"} if limits else ()),
        own=frozenset(own),
    )


def threads(problem: DataProblem) -> str:
    """A line that gives the numeric libraries as many threads as the trial had."""
    comment = "# as many as the trial had: sums in another order differ in their last digits"
    return f"threadpool_limits({problem.recipe.threads})  {comment}\n"
