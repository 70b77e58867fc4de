"""Ways in and out of other circuit packages; each module needs its package, so none is imported here."""
