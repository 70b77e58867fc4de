"""The words of this engine's driver for float64, beside those of `qml.engine.lanes64`."""

from qml.engine.wide.lanes import lane_vocabulary

_words = lane_vocabulary("float64")
swapped, add_phases, signed_phase = _words.swapped, _words.add_phases, _words.signed_phase
phase_row, transform_row = _words.phase_row, _words.transform_row
