"""What a report is of.

`selection` says which runs, `curves`, `samples` and `visits` bring them into shape, `references` keeps what scores are
measured by.
"""
