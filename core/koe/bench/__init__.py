"""What `koe bench` and `benchmarks/` measure with: a client, a player, and what a pile of answers came to."""
