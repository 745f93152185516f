"""Reports: parquet in, paper out; no model, optimiser or dataset code is imported here, nor needed.

The floors, from the top down; each takes from those below it alone:

    check, build          the folder of a report: compared, written; `checksums` has its digests
    page/, markdown       the whole, laid out for a browser and for a repository
    contents              the whole, as plain data
    words/, figures/      what is said of the numbers, and drawn
    tables/, audit/       what stands in cells; what makes a comparison less than fair
    analysis/             every number, once: of one problem (`comparison`), of several (`across`), `importance`
    runs/                 what a report is of: `selection` reads it; `curves`, `samples` and `visits` are its arrays
    statistics/, look/    from arrays to numbers; colours, papers and fonts
"""
