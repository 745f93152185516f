"""Hyperopt's loop of `fmin`, with an asynchronous queue of one."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from side_by_side import Make, Own


def fmin(suggest: str) -> Make:
    """ATPE, which fails while a trial is open (`test_workers`), is shown those alone that have ended."""

    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        import random

        import hyperopt
        from hyperopt import anneal, atpe, base, rand, tpe
        from hyperopt.utils import coarse_utcnow
        from loops_hyperopt import FLAT, flat

        def atpe_of_ended(ids: Any, domain: Any, trials: Any, seed: int) -> Any:
            ended = [doc for doc in trials.trials if doc["state"] == base.JOB_STATE_DONE]
            return atpe.suggest(ids, domain, base.trials_from_docs(ended, validate=False), seed)

        algorithms = {"anneal": anneal.suggest, "atpe": atpe_of_ended, "rand": rand.suggest, "tpe": tpe.suggest}
        own, domain = hyperopt.Trials(), base.Domain(float, FLAT)
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        if suggest == "atpe":
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
        loop = hyperopt.FMinIter(
            algorithms[suggest],
            domain,
            own,
            np.random.default_rng(seed),
            asynchronous=True,
            poll_interval_secs=0,
            show_progressbar=False,
        )

        def ask() -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                loop.run(1, block_until_done=False)
            (doc,) = [doc for doc in own.trials if doc["state"] == base.JOB_STATE_NEW]
            doc["state"], doc["book_time"] = base.JOB_STATE_RUNNING, coarse_utcnow()
            values = {name: value[0] for name, value in doc["misc"]["vals"].items()}
            return doc, flat(hyperopt.space_eval(FLAT, values)), 0

        def tell(doc: Any, loss: float, failed: bool) -> None:
            lost = failed and suggest != "atpe"
            doc["result"] = {"status": "fail"} if lost else {"loss": loss, "status": "ok"}
            doc["state"], doc["refresh_time"] = base.JOB_STATE_DONE, coarse_utcnow()
            own.refresh()

        try:
            yield Own(ask, tell)
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002

    return made
