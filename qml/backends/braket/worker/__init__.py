"""The process that holds the SDK of Amazon Braket: run by path with another Python, not imported by qml."""
