"""What the numbers of several problems support together, in words."""

from bench.report.analysis.across import Across
from bench.report.statistics.designs import ALPHA
from bench.report.statistics.ranks import FEWEST
from bench.report.words.names import bold, listing
from bench.wording import plural


def verdict(across: Across) -> list[str]:
    """The sentences on all problems together."""
    if not across.complete:
        return ["No problem has runs of every optimiser, so that there are no average ranks."]
    table = across.ranks["validation"]
    best = table.to_dict("records")[0]
    first = table.loc[table["rank"] == best["rank"], "label"].tolist()
    which = f"{' and '.join(bold(label) for label in first)} {'has' if len(first) == 1 else 'have'}"
    sentences = [
        f"Over {plural(across.complete, 'problem')} {which} the best average rank, {best['rank']:.2f} of {len(table)}."
    ]
    friedman = across.friedman["validation"]
    if friedman is None:
        sentences.append(
            f"That is too few problems for a test: Friedman's asks for {FEWEST} that every optimiser was run on."
        )
    elif friedman.p > ALPHA:
        sentences.append(
            f"The ranks do not differ more than chance would make them (Friedman's test, p = {friedman.p:.2g})."
        )
    else:
        groups = [group for group in friedman.groups if best["label"] in group]
        others = [label for label in (groups[0] if groups else ()) if label != best["label"]]
        separation = (
            f"{best['label']} is not significantly different from {listing(others)}"
            if others
            else f"{best['label']} is significantly better than every other"
        )
        sentences.append(
            f"The ranks differ (Friedman's test, p = {friedman.p:.2g}); with a critical difference of "
            f"{friedman.critical_difference:.2f}, {separation}."
        )
    return sentences
