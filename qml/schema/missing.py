"""The mark of a key that has no default."""

MISSING = "???"  # what OmegaConf reads as "must be given"
