"""The offline package: fits monitors, plans a certification, bounds error rates, signs the result."""
