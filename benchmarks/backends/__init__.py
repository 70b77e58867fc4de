"""The hybrid step of one small circuit on every route to a machine, ours and those of peers."""
