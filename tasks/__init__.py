"""One step of the workflow each: a plain function around a Ray job, with its progress and its result."""
