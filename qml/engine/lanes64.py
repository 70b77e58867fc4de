"""The words of the driver for float64; see `lanes32`."""

from qml.engine.vector import vocabulary

_words = vocabulary("float64")
E, T, VB, REAL = _words.E, _words.T, _words.VB, _words.REAL
vload, vstore, splat, sload, sstore = _words.vload, _words.vstore, _words.splat, _words.sload, _words.sstore
gather, scatter, hsum, half_angle, sincos = _words.gather, _words.scatter, _words.hsum, _words.half_angle, _words.sincos
store_square = _words.store_square
