"""How good a model is: SQL over predictions, baselines, intervals."""
