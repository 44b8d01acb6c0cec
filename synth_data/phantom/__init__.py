"""How the phantom was made: a small chat model trained from scratch on the generator's own train fold."""
