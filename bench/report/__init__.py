"""Reports: parquet in, paper out; no model, optimiser or dataset code is imported here, nor needed.

`curves` and `statistics` compute frames; `style`, `figures` and `tables` render them; `build` writes the folder.
"""
