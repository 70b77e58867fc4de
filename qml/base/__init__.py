"""The foundation: errors, tables of names, optional packages, seeds, digests, threads and whole files."""
