"""The embedded head: every vertex follows from formulas, so it needs no download and no licence. Lengths are centimetres."""
