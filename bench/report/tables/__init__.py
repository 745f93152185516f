"""The tables of a report: `tables` says which, `cells` what stands in them, `formats` writes each form."""
