"""The compiled half of this engine: sources that `qml.engine.wide.pieces` instantiates for a precision."""
