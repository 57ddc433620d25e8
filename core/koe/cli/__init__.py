"""The command `koe`."""
