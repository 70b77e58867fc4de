"""The compiled half of the engine, one file a concern; `qml.engine.cache` makes a copy for each precision.

Every public function here is an entry point `int64 ... -> int64`, reached by its address. These files are source
text for Numba: nothing imports them as modules at run time.
"""
