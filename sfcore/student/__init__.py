"""The multimodal model that learns: base models, batches, training, answers."""
