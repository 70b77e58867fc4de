"""`python -m benchmarks.faults`: what is left of jobs, results and money when a machine misbehaves and we are killed."""
