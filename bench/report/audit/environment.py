"""With what and where the runs were made: versions, threads, hosts, and what happened when they were resumed."""

import json
from collections.abc import Iterator, Sequence

from bench.report.audit.entries import Finding, Metadata, by_label, metadata_of, provenance_of
from bench.report.runs import identities, mixing
from bench.report.runs.curves import Comparison
from bench.results import Results
from bench.wording import listed, plural, unmarked


def findings(comparison: Comparison, results: Results) -> Iterator[Finding]:
    """Each check's, in order."""
    metadata = metadata_of(comparison, results)
    yield from versions(metadata)
    yield from adapters(comparison, metadata)
    yield from threads(metadata)
    yield from hosts(metadata)
    yield from resuming(comparison, metadata)


def versions(metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether the versions of libraries and the CPU are the same in all runs: losses and seconds may depend on them."""
    # A library that was not everywhere has decided no loss, unless a model names it.
    recorded = [provenance_of(entry).get("versions") or {} for entry in metadata]
    everywhere = (
        set[str].intersection(*(set(versions) for versions in recorded if versions)) if any(recorded) else set()
    )
    environments = [
        {
            "versions": {name: version for name, version in versions.items() if name in everywhere} or None,
            "cpu": provenance_of(entry).get("cpu"),
            "model": entry.get("computed_by") or {},
        }
        for entry, versions in zip(metadata, recorded, strict=True)
    ]
    differ = mixing.differences(environments)
    if differ:
        changes = "; ".join(
            f"{unmarked(name)}: {', '.join(dict.fromkeys(map(unmarked, values)))}" for name, values in differ.items()
        )
        text = f"runs come from different environments, which may change losses and seconds ({changes})"
        yield Finding("warning", "environment", text)
    elif not environments[0]["versions"]:
        yield Finding("note", "environment", "the versions of the libraries that made the runs are not recorded")
    else:
        yield Finding("ok", "environment", "all runs have the same versions of libraries and the same kind of CPU")


def adapters(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether all runs of an optimiser have one version of its library and one revision of its adapter."""

    def version_of(entry: Metadata) -> str | None:
        known = {key: provenance_of(entry).get(key) for key in ("optimizer_revision", "optimizer_versions")}
        return json.dumps(known, sort_keys=True) if any(value is not None for value in known.values()) else None

    several = [label for label, kinds in by_label(comparison, map(version_of, metadata)).items() if len(kinds) > 1]
    if several:
        text = f"runs of one optimiser come from different revisions or versions of it: {listed(several)}"
        yield Finding("warning", "optimiser versions", text)
    elif all(version_of(entry) is not None for entry in metadata):
        yield Finding("ok", "optimiser versions", "the runs of each optimiser have one version and revision of it")


def threads(metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether all runs could use as many threads: seconds depend on them, and losses of some models."""
    known = [provenance_of(entry).get("threads") for entry in metadata]
    different = sorted({number for number in known if number is not None})
    if len(different) > 1:
        text = (
            f"runs had different numbers of threads ({listed(map(str, different))}): their seconds cannot be compared"
        )
        yield Finding("warning", "threads", text)
    elif None in known:
        yield Finding(
            "note", "threads", f"{_of_all(known.count(None), len(known))} do not say how many threads they had"
        )
    else:
        yield Finding("ok", "threads", f"every run had {plural(different[0], 'thread')}")


def hosts(metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether all runs were made on one host: seconds of different hosts do not compare."""
    known = [provenance_of(entry).get("host") for entry in metadata]
    different = {host for host in known if host is not None}
    if len(different) > 1:
        text = f"runs come from {len(different)} hosts: their seconds can be compared as far as the hosts are alike"
        yield Finding("note", "hosts", text)
    elif None in known:
        yield Finding(
            "note", "hosts", f"{_of_all(known.count(None), len(known))} do not say on which host they were made"
        )
    else:
        yield Finding("ok", "hosts", "all runs come from one host")


def resuming(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether a run that was resumed asked for other configurations than before it was interrupted."""
    ids = identities.run_ids(comparison.runs)
    diverged = [run for run, entry in zip(ids, metadata, strict=True) if entry.get("diverged_at") is not None]
    if diverged:
        more = f" and {len(diverged) - 1} more" if len(diverged) > 1 else ""
        text = f"resumed with another sequence than before they were interrupted: {unmarked(diverged[0])}{more}"
        yield Finding("warning", "resuming", text)
    elif not any("diverged_at" in entry for entry in metadata):
        yield Finding("note", "resuming", "whether runs were interrupted, and went on as before, is not recorded")
    else:
        yield Finding("ok", "resuming", "no run went on with another sequence after it was interrupted")


def _of_all(some: int, every: int) -> str:
    return f"{some} of {plural(every, 'run')}"
