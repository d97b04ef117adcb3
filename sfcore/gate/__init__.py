"""Whether a model goes out: a policy, and a pure decision."""
