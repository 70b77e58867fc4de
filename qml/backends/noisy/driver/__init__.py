"""The compiled half of the noise sweep; `qml.backends.noisy.pieces` makes a copy for each precision."""
