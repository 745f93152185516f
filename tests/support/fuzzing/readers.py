"""What reads the inputs that users give: each must have been run through, line by line, by the cases of a long run."""

_FILES = {
    "search spaces": ("bench/space", "parsing parameters space repeat"),
    "config files": ("bench/config", "reading including folders values"),
    "overrides": ("bench/running", "compose"),
    "tables of data": ("bench/datasets", "file delimited records cells columns doubts forms roles loading"),
    "trial tables": ("bench/results", "tables metadata soundness finding configurations columns losses"),
    "packs": ("bench/results", "packs packing derived"),
    "stores": ("bench/store", "store contents tables journal"),
    "logs of others": ("bench/results/imports", "*"),
    "replays": ("bench/problems", "replay surrogates/stored surrogates/evaluations"),
}
READERS = {reader: [f"{folder}/{name}.py" for name in names.split()] for reader, (folder, names) in _FILES.items()}
"""Each reader with its files, from the checkout's root."""
LEAST = 80.0
"""The share of each reader's lines, in per cent, that must have been run."""
