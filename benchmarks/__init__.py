"""Speed and memory, measured side by side with peers in one process; run with `python -m benchmarks.<name>`."""
