"""Two certificates of one product side by side: what was swapped, and what got worse beyond chance."""
