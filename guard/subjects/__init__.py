"""The models whose activations are read."""
