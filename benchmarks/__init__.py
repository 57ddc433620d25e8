"""Benchmarks: one command each, every number with its conditions."""
