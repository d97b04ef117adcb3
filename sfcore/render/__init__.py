"""Pictures of posed heads: what to draw, and the numba rasteriser that draws it."""
