"""Labels become pictures with descriptions: which samples are wanted, and how one is made."""
