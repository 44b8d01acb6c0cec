"""Linear monitors on a model's activations: what is read, and how it becomes scores."""
