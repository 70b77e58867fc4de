"""The words of the driver for float32; a copy of the driver for float64 imports `lanes64` instead."""

from qml.engine.vector import vocabulary

_words = vocabulary("float32")
E, T, VB, REAL = _words.E, _words.T, _words.VB, _words.REAL
vload, vstore, splat, sload, sstore = _words.vload, _words.vstore, _words.splat, _words.sload, _words.sstore
gather, scatter, hsum, half_angle, sincos = _words.gather, _words.scatter, _words.hsum, _words.half_angle, _words.sincos
store_square = _words.store_square
