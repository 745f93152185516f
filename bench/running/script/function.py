"""A function of the configuration: the script calls it."""

import inspect

from bench.config.components import locate
from bench.errors import UserError
from bench.problems.function import FunctionProblem
from bench.running.script.literals import Source, call, dotted, literal
from bench.space import Configuration


def script(title: str, problem: FunctionProblem, configuration: Configuration) -> str:
    """The whole script; raises `UserError` where noise was added to the value, which no call of it has."""
    config = problem.recipe.groups["model"]
    if problem.noise:
        raise UserError("--python: to the value of this function noise is added (model.noise), which no call of it has")
    module, name = dotted(str(config["function"]))
    settings = config.get("settings") or {}
    if inspect.isclass(locate("model.function", config["function"])):
        value = f"{call(name, (), settings)}(CONFIGURATION)"
    else:
        value = call(name, [Source("CONFIGURATION")], settings)
    return (
        f'"""{title}"""\n\nfrom {module} import {name}\n\nCONFIGURATION = {literal(dict(configuration))}\n\n'
        f'print("value", float({value}))\n'
    )
