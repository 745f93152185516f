"""Reports: parquet in, paper out; no model, optimiser or dataset code is imported here, nor needed.

`reading` says which runs a report is of; `curves` and `statistics` compute frames, `audit` says what makes them less
than fair; `style`, `figures`, `tables` and `markdown_page` render; `build` writes the folder, `checking` compares it.
"""
