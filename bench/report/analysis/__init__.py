"""All numbers of a report, computed once: `comparison` of one problem, `across` several, `importance`, `published`."""
