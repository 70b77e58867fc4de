"""The fault matrix: each fault of a machine, crossed with a crash at each step of submission."""
