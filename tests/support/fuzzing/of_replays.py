"""What a replay reads: an experiment's tables, and the surrogate that was fitted to them."""

import random

from fuzzing import mutating, of_results, templates
from fuzzing.templates import Templates
from fuzzing.world import World


def play(rng: random.Random, world: World, made: Templates) -> None:
    """Damage a surrogate or the runs behind it, then replay: done, refused in one line, or fitted anew."""
    made.folder("replayed", world.work)
    surrogate = next((world.work / "datasets").rglob("*.parquet"))
    if rng.random() < 0.8:
        kind = rng.randrange(8)
        if kind == 0:
            of_results.replace(rng, surrogate)
        elif kind == 1:
            surrogate.write_bytes(mutating.raw(rng, surrogate.read_bytes()))
        elif kind < 5:
            of_results.rewritten(surrogate, metadata=lambda entry: mutating.plain(rng, entry))
        else:
            of_results.rewritten(surrogate, table=lambda table: of_results.columns(rng, table))
    if rng.random() < 0.3:
        of_results.damage(rng, rng.choice(sorted((world.work / "results/r").rglob("*.parquet"))))
    from bench.running import replaying

    replaying._surrogate.cache_clear()
    with templates.small_surrogates():
        more = rng.choice(
            [
                [],
                [],
                ["dataset.force=false"],
                ["dataset.problem=function/branin"],
                ["dry_run=true"],
                ["control=permuted"],
            ]
        )
        world.bench("run", *templates.REPLAY, *more, f"name={rng.choice(['q', 'p'])}", f"seed={rng.randrange(2)}")
