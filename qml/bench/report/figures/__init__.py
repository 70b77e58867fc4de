"""One file a figure; each has one function from a View to a Figure, or to None where the records cannot feed it."""
