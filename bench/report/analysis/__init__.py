"""All numbers of a report, computed once: `comparison` of one problem, `across` several, `subsets` of those by trait,
`importance`, `published`.
"""
