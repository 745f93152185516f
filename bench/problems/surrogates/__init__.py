"""Surrogates of an experiment's evaluations, made by `making`: `evaluations` reads these, `fitting` grows trees on
them, `accuracy` says how far these can be trusted, `limits` which are refused, and `stored` keeps them as plain data;
`encoding`, `trees` and `scale` are what they are asked by.
"""
