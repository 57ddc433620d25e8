"""Conformance classes: a plugin subclasses them and gets the tests of its extension point."""
