"""All numbers of a report, computed once: `comparison` of one problem, `across` several, with `subsets` of them by trait,
`importance`, `published`.
"""
