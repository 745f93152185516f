"""The mutations: a mistake each that somebody has made here or elsewhere, and the tests that must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """Pieces of one file's text, each of which occurs once in it, and what takes their places."""

    name: str
    path: str
    edits: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]
    """Files or node ids, as pytest takes them."""


MUTATIONS = [
    Mutation(
        "a failed trial is not told",
        "bench/running/trial_loop.py",
        (
            (
                'self._guarded("tell", number, lambda: self._tell(asked, result))',
                'self._guarded("tell", number, lambda: None if result.failed else self._tell(asked, result))',
            ),
        ),
        ("tests/running/test_run.py",),
    ),
    Mutation(
        "the optimiser is told the last instead of the worst loss",
        "bench/running/trial_loop.py",
        (
            (
                "self._worst_loss = loss if self._worst_loss is None else max(loss, self._worst_loss)",
                "self._worst_loss = loss",
            ),
        ),
        ("tests/running/test_run.py",),
    ),
    Mutation(
        "an incumbent by its test loss",
        "bench/running/trial_loop.py",
        (
            (
                "if evaluation.loss is not None and (best is None or evaluation.loss < best):",
                (
                    "if evaluation.loss is not None and (best is None or evaluation.test_loss < "
                    "self._incumbent_test_loss):"
                ),
            ),
        ),
        ("tests/running/test_run.py",),
    ),
    Mutation(
        "diverged_at is never set",
        "bench/running/trial_loop.py",
        (
            (
                ("                self.diverged_at = number\n"),
                ("                self.diverged_at = None\n"),
            ),
        ),
        ("tests/running/test_run.py",),
    ),
    Mutation(
        "the optimiser is told before the evaluation is committed",
        "bench/running/trial_loop.py",
        (
            (
                (
                    "        return self.store.put(asked.key, self.problem.hash, asked.text, evaluation, "
                    "self.name, self._within.serve)"
                ),
                (
                    "        self._late = (asked.key, self.problem.hash, asked.text, evaluation, self.name, "
                    "self._within.serve)\n"
                    "        return Stored(evaluation, self.name)"
                ),
            ),
            (
                "        entry = Journalled(number, asked.key, asked.seconds,",
                (
                    '        if getattr(self, "_late", None):\n'
                    "            self.store.put(*self._late)\n"
                    "            self._late = None\n"
                    "        entry = Journalled(number, asked.key, asked.seconds,"
                ),
            ),
        ),
        ("tests/engines/test_local.py",),
    ),
    Mutation(
        "a claim is not released where an evaluation ends the run",
        "bench/running/trial_loop.py",
        (
            (
                ("            self.store.release(asked.key)\n            raise"),
                "            raise",
            ),
        ),
        (
            "tests/running/test_run.py",
            "tests/running/test_faults.py",
        ),
    ),
    Mutation(
        "a key whose claim died twice is evaluated here again",
        "bench/running/trial_loop.py",
        (
            (
                "apart = self.limits is not None or deaths >= 2 or asked.apart",
                "apart = self.limits is not None",
            ),
        ),
        ("tests/engines/test_local.py",),
    ),
    Mutation(
        "a dead holder's claim counts no death",
        "bench/store/store.py",
        (
            (
                "deaths = before + 1",
                "deaths = before",
            ),
        ),
        ("tests/store/test_store.py",),
    ),
    Mutation(
        "the key is without the libraries' versions",
        "bench/problems/data.py",
        (
            (
                ('        parts["versions"] = provenance.versions((*self.model.libraries, "scikit-learn"))\n'),
                "",
            ),
        ),
        ("tests/problems/test_data.py",),
    ),
    Mutation(
        "the config hash has the place of datasets in it",
        "bench/running/sweep.py",
        (
            (
                "provenance.digest(hashed(groups))",
                'provenance.digest(hashed(groups) | {"datasets_dir": config["datasets_dir"]})',
            ),
        ),
        ("tests/running/test_sweep.py",),
    ),
    Mutation(
        "the config hash is without the budget",
        "bench/config/schema.py",
        (
            (
                'and group not in ("metric", UNTIL)',
                'and group not in ("metric", UNTIL, "budget")',
            ),
        ),
        ("tests/running/test_sweep.py",),
    ),
    Mutation(
        "a log integer is drawn without half a step at its ends",
        "bench/space/parameters.py",
        (
            (
                "rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))",
                "rng.uniform(math.log(self.low), math.log(self.high))",
            ),
        ),
        ("tests/space/test_space.py",),
    ),
    Mutation(
        "the law of a log integer is without half a step",
        "bench/space/parameters.py",
        (
            (
                "np.log((k + 0.5) / (k - 0.5)) / math.log((self.high + 0.5) / (self.low - 0.5))",
                "np.log((k + 1) / k) / math.log((self.high + 1) / self.low)",
            ),
        ),
        ("tests/space/test_space.py",),
    ),
    Mutation(
        "a file is written in its place instead of renamed into it",
        "bench/files.py",
        (
            (
                'part = path.with_name(f".{path.name}.{_host()}-{os.getpid()}.part")',
                "part = path.with_name(path.name)",
            ),
        ),
        ("tests/test_files.py",),
    ),
    Mutation(
        "a timeout is not enforced",
        "bench/running/child_process.py",
        (
            (
                "end = None if within.timeout is None else start + within.timeout",
                "end = None",
            ),
        ),
        ("tests/running/test_child_process.py",),
    ),
    Mutation(
        "exit status 0 with failures",
        "bench/running/compose.py",
        (
            (
                "raise typer.Exit(1) from None",
                "raise typer.Exit(0) from None",
            ),
        ),
        ("tests/running/test_run.py",),
    ),
    Mutation(
        "one more draw of Hyperopt's at each trial",
        "bench/optimizers/hyperopt_fmin.py",
        (
            (
                "        doc = self._insert(self.suggest(ids,",
                ("        self._rstate.integers(2**31 - 1)\n        doc = self._insert(self.suggest(ids,"),
            ),
        ),
        ("tests/optimizers/test_faithful.py",),
    ),
    Mutation(
        "Holm's factors from the wrong end",
        "bench/report/statistics/significance.py",
        (
            (
                "values[order] * np.arange(len(values), 0, -1)",
                "values[order] * np.arange(1, len(values) + 1)",
            ),
        ),
        (
            "tests/report/statistics/test_significance.py::test_holm_by_hand",
            "tests/report/statistics/test_significance.py::test_holm_rejects_what_stepping_down_rejects",
        ),
    ),
    Mutation(
        "Holm's adjusted values may fall again",
        "bench/report/statistics/significance.py",
        (
            (
                "np.minimum(1.0, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))",
                "np.minimum(1.0, values[order] * np.arange(len(values), 0, -1))",
            ),
        ),
        (
            "tests/report/statistics/test_significance.py::test_holm_by_hand",
            "tests/report/statistics/test_significance.py::test_holm_rejects_what_stepping_down_rejects",
        ),
    ),
    Mutation(
        "Pratt's zeros dropped before ranking",
        "bench/report/statistics/significance.py",
        (
            (
                "    signed: Array = np.sign(d) * average_ranks(levels(np.abs(d), rounding(a, b)))\n",
                (
                    "    signed: Array = np.zeros(len(d))\n"
                    "    kept = levels(np.abs(d), rounding(a, b))[d != 0]\n"
                    "    signed[d != 0] = np.sign(d[d != 0]) * average_ranks(kept)\n"
                ),
            ),
        ),
        ("tests/report/statistics/test_significance.py::test_signed_ranks_are_those_of_all_sign_flips",),
    ),
    Mutation(
        "the rank sum is not that of the smaller side",
        "bench/report/statistics/significance.py",
        (
            (
                "size, own = (n, ranks[:n]) if n <= m else (m, ranks[n:])",
                "size, own = (n, ranks[:n]) if n <= m else (m, ranks[:n])",
            ),
        ),
        ("tests/report/statistics/test_significance.py::test_rank_sums_are_those_of_all_labellings",),
    ),
    Mutation(
        "Hodges and Lehmann's averages over i < j",
        "bench/report/statistics/significance.py",
        (
            (
                "i, j = np.triu_indices(len(d))",
                "i, j = np.triu_indices(len(d), 1)",
            ),
        ),
        ("tests/report/statistics/test_effects.py::test_shifts_are_those_of_plain_loops",),
    ),
    Mutation(
        "what differs by rounding is no tie",
        "bench/report/statistics/significance.py",
        (
            (
                "margins: Array = 16 * float(np.finfo(np.float64).eps) * sizes",
                "margins: Array = 0 * float(np.finfo(np.float64).eps) * sizes",
            ),
        ),
        (
            "tests/report/statistics/test_significance.py::test_counts_over_a_common_number_tie_where_the_counts_do",
            "tests/report/statistics/test_ranks.py::test_losses_that_differ_by_rounding_are_equal",
        ),
    ),
    Mutation(
        "a failed run is no loss at all (NaN stays NaN)",
        "bench/report/statistics/pairs.py",
        (
            (
                "    return np.where(np.isnan(values), np.inf, values), own",
                "    return values, own",
            ),
        ),
        ("tests/report/statistics/test_pairs.py::test_a_failed_run_counts_as_the_worst_whether_inf_or_nan",),
    ),
    Mutation(
        "a newcomer with one seed joins the family",
        "bench/report/statistics/designs.py",
        (
            (
                "if members and (shown or not _testable(design, [*members, *blocks[runs]], alpha)):",
                "if members and shown:",
            ),
        ),
        ("tests/report/statistics/test_designs.py", "tests/report/statistics/test_pairs.py"),
    ),
    Mutation(
        "one run under several seeds is a sample",
        "bench/report/runs/relations.py",
        (
            (
                "frozenset(label for label, runs in by_label.items() if _is_one_run(list(runs.values())))",
                "frozenset()",
            ),
        ),
        ("tests/report/runs/test_relations.py::test_one_run_under_several_seeds_is_one_value",),
    ),
    Mutation(
        "nested runs are tested",
        "bench/report/runs/relations.py",
        (
            (
                "            0 < count < len(other.losses)\n",
                "            0 > count\n",
            ),
        ),
        ("tests/report/runs/test_relations.py",),
    ),
    Mutation(
        "yardsticks take part in Holm's correction",
        "bench/report/analysis/testing.py",
        (
            (
                "    entrants = competitors(comparison, labels)\n",
                "    entrants = list(labels)\n",
            ),
        ),
        ("tests/report/words/test_verdict.py",),
    ),
    Mutation(
        "the interval of a shift is an order statistic too narrow",
        "bench/report/statistics/effects.py",
        (
            (
                "        return int(np.count_nonzero(np.cumsum(exact) <= (1 - level) / 2 * (1 + 1e-9)))",
                "        return 1 + int(np.count_nonzero(np.cumsum(exact) <= (1 - level) / 2 * (1 + 1e-9)))",
            ),
        ),
        ("tests/report/statistics/test_effects.py",),
    ),
    Mutation(
        "who is better is read off backwards",
        "bench/report/statistics/pairs.py",
        (
            (
                'better = a if tested.favours < 0 else b if tested.favours > 0 else ""',
                'better = b if tested.favours < 0 else a if tested.favours > 0 else ""',
            ),
        ),
        ("tests/report/statistics/test_pairs.py",),
    ),
    Mutation(
        "a speed-up without a test",
        "bench/report/analysis/reaching.py",
        (
            (
                '(frame["p_holm"] <= ALPHA) & (frame["favours"] < 0) & below',
                'below & (frame["label"] != random)',
            ),
        ),
        ("tests/report/analysis/test_reaching.py",),
    ),
    Mutation(
        "hitting time -1",
        "bench/report/statistics/targets.py",
        (
            (
                "reached.argmax(axis=1) + 1.0",
                "reached.argmax(axis=1) + 0.0",
            ),
        ),
        ("tests/report/statistics/test_targets.py",),
    ),
    Mutation(
        "ECDF: a target is not reached by an equal loss",
        "bench/report/statistics/targets.py",
        (
            (
                'known.ravel(), side="left"',
                'known.ravel(), side="right"',
            ),
        ),
        ("tests/report/statistics/test_targets.py::test_the_ecdf_counts_pairs_of_runs_and_targets",),
    ),
    Mutation(
        "random reference: one draw more",
        "bench/report/statistics/random_search.py",
        (
            (
                "middle = float(quantile(pool, evaluations)[-1])",
                "middle = float(quantile(pool, evaluations + 1)[-1])",
            ),
        ),
        ("tests/report/statistics/test_random_search.py",),
    ),
    Mutation(
        "random reference: one draw fewer",
        "bench/report/statistics/random_search.py",
        (
            (
                "middle = float(quantile(pool, evaluations)[-1])",
                "middle = float(quantile(pool, max(1, evaluations - 1))[-1])",
            ),
        ),
        ("tests/report/statistics/test_random_search.py",),
    ),
    Mutation(
        "random search's expected best: one draw more",
        "bench/report/statistics/random_search.py",
        (
            (
                "expectations[t - 1] = t * (beyond @ share)",
                "expectations[t - 1] = (t + 1) * (beyond @ share)",
            ),
        ),
        ("tests/report/statistics/test_random_search.py::test_the_expected_best_is_the_mean_over_all_subsets",),
    ),
    Mutation(
        "nan-mean of failures: the mean leaves failed runs out",
        "bench/report/statistics/intervals.py",
        (
            (
                ("    failed = np.isinf(losses).any(axis=0)\n"),
                (
                    "    losses = losses[~np.isinf(losses.reshape(count, -1)).any(axis=1)]\n"
                    "    count, failed = len(losses), np.isinf(losses).any(axis=0)\n"
                ),
            ),
        ),
        ("tests/report/statistics/test_intervals.py::test_a_mean_with_a_failed_run_is_infinite_with_both_ends",),
    ),
    Mutation(
        "the median's interval leaves failed runs out",
        "bench/report/statistics/intervals.py",
        (
            (
                (
                    "    ordered = np.sort(_losses(values), axis=0)\n"
                    "    count = len(ordered)\n"
                    "    if count == 0:\n"
                    '        return _nothing(ordered, level, "order statistics")'
                ),
                (
                    "    ordered = np.sort(_losses(values), axis=0)\n"
                    "    ordered = ordered[~np.isinf(ordered.reshape(len(ordered), -1)).any(axis=1)]\n"
                    "    count = len(ordered)\n"
                    "    if count == 0:\n"
                    '        return _nothing(ordered, level, "order statistics")'
                ),
            ),
        ),
        ("tests/report/statistics/test_intervals.py",),
    ),
    Mutation(
        "quartiles take a failed run for a missing one",
        "bench/report/statistics/quartiles.py",
        (
            (
                "ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)",
                (
                    "ordered = np.sort(np.where(np.isnan(values), np.nanmax(np.where(np.isinf(values), 0, "
                    "values)), values), axis=0)"
                ),
            ),
        ),
        ("tests/report/test_build.py::test_quartiles_are_those_of_a_plain_loop",),
    ),
    Mutation(
        "curves: a run without success yet stands at 0",
        "bench/report/runs/curves.py",
        (
            (
                "    return np.where(np.isnan(values), np.inf, values)",
                "    return np.where(np.isnan(values), 0.0, values)",
            ),
        ),
        (
            "tests/report/runs/test_samples.py",
            "tests/report/test_build.py::test_curves_are_those_of_a_plain_loop",
        ),
    ),
    Mutation(
        "power at alpha instead of alpha / pairs",
        "bench/report/statistics/power.py",
        (
            (
                "stats.norm.isf(alpha / 2 / pairs)",
                "stats.norm.isf(alpha / 2)",
            ),
        ),
        ("tests/report/statistics/test_power.py::test_the_number_is_noethers",),
    ),
    Mutation(
        "the split puts valid rows in train",
        "bench/datasets/split.py",
        (
            (
                ("        return Fold(train, valid, valid)\n"),
                ("        return Fold(np.union1d(train, valid), valid, valid)\n"),
            ),
        ),
        (
            "tests/datasets/test_split.py",
            "tests/problems/test_folds.py",
        ),
    ),
    Mutation(
        "the problem trains on valid rows too",
        "bench/problems/data.py",
        (
            (
                "folds.append(FoldParts(self.part(fold.train), stop, valid))",
                "folds.append(FoldParts(self.part(np.union1d(fold.train, fold.valid)), stop, valid))",
            ),
        ),
        ("tests/problems/test_data.py::test_the_model_never_sees_validation_or_test_in_training",),
    ),
    Mutation(
        "a problem is kept by its dataset alone, not by its split's seed",
        "bench/problems/building.py",
        (
            (
                "recipe.seed if follows else 0",
                "0",
            ),
        ),
        ("tests/problems/test_building.py",),
    ),
    Mutation(
        "a problem is kept by its dataset and model alone",
        "bench/problems/building.py",
        (
            (
                "    return _shared(json.dumps(dict(recipe.groups)), ",
                (
                    '    kept = _shared.__dict__.setdefault("kept", '
                    '{}).setdefault(recipe.groups["dataset"]["name"], dict(recipe.groups))\n'
                    "    return _shared(json.dumps(kept), "
                ),
            ),
        ),
        ("tests/problems/test_building.py",),
    ),
    Mutation(
        "the model seed is dropped",
        "bench/problems/data.py",
        (
            (
                ("fold.stop, self.model_seed, self.recipe.threads, **watched"),
                ("fold.stop, 0, self.recipe.threads, **watched"),
            ),
        ),
        ("tests/problems/test_data.py::test_the_model_gets_its_seed_and_threads",),
    ),
    Mutation(
        "the preparation is fitted on what it transforms",
        "bench/models/preparation.py",
        (
            (
                "        return np.asarray(self.transformer.transform(plain), dtype=np.float64)",
                "        return np.asarray(self.transformer.fit_transform(plain), dtype=np.float64)",
            ),
        ),
        ("tests/models/test_preparation.py::test_only_train_decides",),
    ),
    Mutation(
        "the preparation is fitted on the stop part too",
        "bench/models/scikit_learn.py",
        (
            (
                "        return FittedEstimator(estimator, preparation, self, _short(caught))",
                (
                    "        both = Part(pd.concat([train.features, stop.features]), "
                    "np.concatenate([train.target, stop.target]))\n"
                    "        preparation = self._prepared(both, chosen(configuration, self.choices), seed)\n"
                    "        return FittedEstimator(estimator, preparation, self, _short(caught))"
                ),
            ),
        ),
        ("tests/models/test_scikit_learn.py::TestAgainstScikitLearn",),
    ),
    Mutation(
        "a problem's numbers are scaled by all of its rows",
        "bench/problems/data.py",
        (
            (
                "        return Part(data.features.iloc[rows], data.target[rows], weights)",
                (
                    "        features = data.features.copy()\n"
                    "        for name in features.select_dtypes(float):\n"
                    "            features[name] = (features[name] - features[name].mean()) / features[name].std()\n"
                    "        return Part(features.iloc[rows], data.target[rows], weights)"
                ),
            ),
        ),
        ("tests/problems/test_data.py::test_the_model_never_sees_validation_or_test_in_training",),
    ),
    Mutation(
        "a cell is not escaped in HTML",
        "bench/report/tables/formats.py",
        (
            (
                "_marked(cell, markup.escape(cell.text), _HTML)",
                "_marked(cell, cell.text, _HTML)",
            ),
        ),
        ("tests/report/tables/test_tables.py::test_no_name_is_markup",),
    ),
    Mutation(
        "a cell is not escaped in LaTeX",
        "bench/report/tables/formats.py",
        (
            (
                'return "--" if text == NOTHING else escaping.latex(text)',
                'return "--" if text == NOTHING else text',
            ),
        ),
        ("tests/report/tables/test_tables.py::test_no_name_is_markup",),
    ),
    Mutation(
        "a cell is not escaped in Markdown",
        "bench/report/tables/escaping.py",
        (
            (
                'return markdown(text).replace("|", "\\\\|")',
                "return markdown(text)",
            ),
        ),
        ("tests/report/tables/test_tables.py::test_no_name_is_markup", "tests/report/tables/test_escaping.py"),
    ),
    Mutation(
        "a cell is not quoted in CSV",
        "bench/report/tables/formats.py",
        (
            (
                'to_csv(index=False, lineterminator="\\n")',
                'to_csv(index=False, lineterminator="\\n", quoting=3, quotechar=None, escapechar="\\\\")',
            ),
        ),
        ("tests/report/tables/test_tables.py::test_csv_gives_every_name_back",),
    ),
    Mutation(
        "a text is not escaped in the page",
        "bench/report/page/markup.py",
        (
            (
                "escaping.prose(sentence, escape, code, bold)",
                "escaping.prose(sentence, str, code, bold)",
            ),
        ),
        ("tests/report/page/test_page.py::test_no_name_becomes_markup",),
    ),
    Mutation(
        "a rung has one round more than it says",
        "bench/models/rungs.py",
        (
            (
                "if number == self._left[0] and",
                "if number == self._left[0] + 1 and",
            ),
        ),
        ("tests/models/test_rungs.py",),
    ),
    Mutation(
        "a share of rows is not within a larger one",
        "bench/problems/fidelity.py",
        (
            (
                'np.argsort(self._order[members], kind="stable")',
                'np.argsort(self._order[members] * round(9 * share), kind="stable")[:: 1 if share > 0.2 else -1]',
            ),
        ),
        ("tests/problems/test_fidelity.py",),
    ),
    Mutation(
        "an alias stands beside what is fixed",
        "bench/models/boosting.py",
        (
            (
                "return {own_names.get(name, name): value for",
                "return {name: value for",
            ),
        ),
        ("tests/models/test_lightgbm.py",),
    ),
    Mutation(
        "the last lines show a loss where they name a score",
        "bench/metrics.py",
        (
            (
                'return f"{self.turned(loss):.5g}"',
                'return f"{loss:.5g}"',
            ),
        ),
        ("tests/running/test_outcome.py",),
    ),
    Mutation(
        "what is trained is the best of the easiest split",
        "bench/running/choosing.py",
        (
            (
                "key=lambda each: (medians[each], failed[each], each)",
                "key=lambda each: (different[each].loss, failed[each], each)",
            ),
        ),
        ("tests/running/test_fit.py",),
    ),
    Mutation(
        "a model is saved that does not reach the recorded losses",
        "bench/running/fit.py",
        (
            (
                "        if reached[kind] != loss:",
                "        if abs(reached[kind] - loss) > 1:",
            ),
        ),
        ("tests/running/test_fit.py",),
    ),
    Mutation(
        "what a function closes over is no part of what it is",
        "bench/api/identity.py",
        (
            (
                "            yield self.named(name, cell)",
                "            yield name",
            ),
        ),
        ("tests/api/test_identity.py",),
    ),
    Mutation(
        "what was maximised is imported as a loss",
        "bench/results/imports/writing.py",
        (
            (
                "return 1 - value if vouching.is_score(self.metric) else 0.0 - value",
                "return value",
            ),
        ),
        ("tests/results/test_import_sources.py",),
    ),
    Mutation(
        "a column that determines the first rows is a leak",
        "bench/datasets/leaks.py",
        (
            (
                "        if check(values[rows], target[rows]):",
                "        if True:",
            ),
        ),
        ("tests/datasets/test_leaks.py",),
    ),
    Mutation(
        "a loss at a rung stands as a full one",
        "bench/running/clock.py",
        (("        if not full:\n            shown", "        if False:\n            shown"),),
        ("tests/running/test_clock.py",),
    ),
    Mutation(
        "the incumbent is the lowest loss at any rung",
        "bench/running/clock.py",
        (("(rung, -evaluation.loss) > (best.rung, -best.loss)", "evaluation.loss < best.loss"),),
        ("tests/running/test_clock.py",),
    ),
    Mutation(
        "what goes on from a rung is charged anew",
        "bench/running/clock.py",
        (
            (
                "cost = self._ladder.cost_of([at for at, _ in passed], item.continues)",
                "cost = self._ladder.cost_of([at for at, _ in passed])",
            ),
        ),
        ("tests/running/test_clock.py",),
    ),
    Mutation(
        "workers end in order of asking",
        "bench/running/clock.py",
        (
            (
                "min(self._open, key=lambda item: (item.end, item.number))",
                "min(self._open, key=lambda item: item.number)",
            ),
        ),
        ("tests/running/test_clock.py",),
    ),
    Mutation(
        "a failure at a rung is told the worst of all rungs",
        "bench/running/clock.py",
        (
            (
                "(self._worst.get(rung) or self._baselines)",
                "(max(self._worst.values(), default=None) or self._baselines)",
            ),
        ),
        ("tests/running/test_clock.py",),
    ),
    Mutation(
        "an incumbent below full fidelity keeps its partial loss",
        "bench/running/clock.py",
        (
            (
                "known[incumbent.asked.text] = self.evaluate(incumbent.asked.configuration)",
                'known[incumbent.asked.text] = Evaluation(incumbent.loss, incumbent.test_loss, 0.0, "ok")',
            ),
        ),
        ("tests/running/test_clock.py",),
    ),
]
