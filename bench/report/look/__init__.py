"""How everything looks: `style` of each optimiser, `paper` of a venue, `font`."""
