"""Reports: parquet in, paper out; no model, optimiser or dataset code is imported here, nor needed.

`reading` says which runs a report is of. Numbers are computed once: `curves` and `samples` bring runs into shape,
`statistics`, `intervals`, `baseline`, `targets`, `significance`, `power`, `overtuning`, `overhead`, `seconds`, `ranks`,
`visits` and `importance` compute, `references` keeps what scores are measured by; `analysis` has all of one problem,
`across` of several, `audit` what makes them less than fair. `pictures` (by `figures`, `style`, `font`, `paper`),
`tables` (by `table`, `cells`), `verdict` and `remarks` render; `contents` holds the whole, which `html_page` (by
`page`) and `markdown_page` lay out. `build` writes the folder, `sums` its digests, `checking` compares it.
"""
