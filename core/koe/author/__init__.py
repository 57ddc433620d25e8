"""For authors of plugins: `koe plugins new` writes a distribution, `koe plugins check` tests one."""
