"""Circuits as layers of a network: `qml.layers.torch.CircuitLayer` and `qml.layers.jax.circuit`."""
