"""Statistics, each with its formula and its source: tests, intervals, ranks, power, scores; no drawing."""
