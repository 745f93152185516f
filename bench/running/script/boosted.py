"""Boosted trees by LightGBM's and XGBoost's own calls."""

from typing import TYPE_CHECKING, Any

from bench.problems.data import DataProblem
from bench.running.script.literals import Source, call, literal
from bench.running.script.training import Training, categories, counted, train_rows, weights
from bench.space import Configuration

_REFUSED = set('",:[]{}')
"""Characters that LightGBM does not take in a feature's name."""

if TYPE_CHECKING:
    from bench.models.lightgbm import LightGBM
    from bench.models.xgboost import XGBoost


def lightgbm(problem: DataProblem, configuration: Configuration) -> Training:
    """`lightgbm.train` on the features as they are, its early stopping watching the stop part."""
    model: LightGBM = problem.model  # type: ignore[assignment]
    parameters = model.parameters(configuration, problem.model_seed, problem.recipe.threads)
    stopping = ""
    if model.early_stopping:
        stopping = f"lgb.early_stopping({model.early_stopping}, first_metric_only=True, verbose=False)"
    rows = train_rows(problem)
    names = [str(name).replace(" ", "_") for name in problem.dataset.features.columns]
    refused = len(set(names)) < len(names) or any(_REFUSED & set(name) for name in names)
    renamed = """features = data.features.set_axis([f"f{place}" for place in range(data.features.shape[1])], axis=1)
# LightGBM does not take these names
"""
    train = call("lgb.Dataset", _sources(f"features.iloc[{rows}]", f"data.target[{rows}]", *weights(problem, rows)))
    stop = ["features.iloc[fold.stop]", "data.target[fold.stop]", *weights(problem, "fold.stop"), "reference=train_set"]
    keywords = {"num_boost_round": model.rounds, "valid_sets": Source("[stop_set]")}
    keywords |= {"callbacks": Source(f"[{stopping}]")} if stopping else {}
    functions = f"""
def fit(fold):
{counted(problem)}    train_set = {train}
    stop_set = {call("lgb.Dataset", _sources(*stop), indent=4)}
    return {call("lgb.train", _sources("PARAMETERS", "train_set"), keywords, indent=4)}


def predict(model, rows):
{_shares("model.predict(features.iloc[rows])", binary=model.binary)}"""
    return Training(
        functions=functions,
        constants=f"PARAMETERS = {literal(parameters)}\n",
        prepared=renamed if refused else "features = data.features\n",
        others=frozenset({"import lightgbm as lgb"} | ({"import numpy as np"} if model.binary else set())),
    )


def xgboost(problem: DataProblem, configuration: Configuration) -> Training:
    """`xgboost.train` on histograms, its early stopping watching the stop part."""
    model: XGBoost = problem.model  # type: ignore[assignment]
    parameters = model.parameters(configuration, problem.model_seed, problem.recipe.threads)
    rows, of_fold = train_rows(problem), categories(problem)
    more = _more(problem, parameters)
    keywords = {
        "num_boost_round": model.rounds,
        "evals": Source('[(stop_set, "stop")]'),
        "verbose_eval": False,
    }
    if model.early_stopping:
        stopping = f'rounds={model.early_stopping}, metric_name={literal(model.metric)}, data_name="stop"'
        keywords["callbacks"] = Source(f"[xgb.callback.EarlyStopping({stopping})]")
    last = ", iteration_range=(0, model.best_iteration + 1)" if model.early_stopping else ""
    if of_fold:
        table = '''
def table(rows, train):
    """Numbers, and the codes of those categories that train has."""
    part = data.features.iloc[rows].copy()
    for name in part.select_dtypes("category"):
        codes = part[name].cat.codes
        part[name] = codes.where((codes >= 0) & codes.isin(data.features[name].cat.codes.iloc[train]))
    return part.to_numpy(dtype=np.float64)

'''
    else:
        table = """
def table(rows):
    return data.features.iloc[rows].to_numpy()

"""
    also = f", {rows}" if of_fold else ""
    train = [f"table({rows}{also})", f"data.target[{rows}]", *weights(problem, rows), *more]
    stop = [f"table(fold.stop{also})", "data.target[fold.stop]", *weights(problem, "fold.stop"), *more, "ref=train_set"]
    predicted = f"model.inplace_predict(table(rows{', train' if of_fold else ''}){last}).astype(np.float64)"
    functions = f"""{table}
def fit(fold):
{counted(problem)}    train_set = {call("xgb.QuantileDMatrix", _sources(*train), indent=4)}
    stop_set = {call("xgb.QuantileDMatrix", _sources(*stop), indent=4)}
    return {call("xgb.train", _sources("PARAMETERS", "train_set"), keywords, indent=4)}


def predict(model, rows{", train" if of_fold else ""}):
{_shares(predicted, binary=model.task == "binary")}"""
    kinds = ""
    if of_fold:
        kinds = 'TYPES = ["c" if kind == "category" else "q" for kind in data.features.dtypes]\n'
    return Training(
        functions=functions,
        constants=f"PARAMETERS = {literal(parameters)}\n",
        prepared=kinds,
        others=frozenset({"import numpy as np", "import xgboost as xgb"}),
        of_fold=of_fold,
    )


def _more(problem: DataProblem, parameters: dict[str, Any]) -> list[str]:
    """Further arguments of a matrix."""
    arguments = ["feature_types=TYPES", "enable_categorical=True"] if categories(problem) else []
    arguments += [f"max_bin={literal(parameters['max_bin'])}"] if parameters.get("max_bin") is not None else []
    return [*arguments, f"nthread={problem.recipe.threads}"]


def _sources(*arguments: str) -> list[Source]:
    return [Source(each) for each in arguments]


def _shares(predicted: str, *, binary: bool) -> str:
    if not binary:
        return f"    return {predicted}\n"
    return f"    share = {predicted}\n    return np.column_stack([1 - share, share])\n"
