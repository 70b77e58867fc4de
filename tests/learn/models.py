"""Tiny torch models of the tests; no circuit, only a part that is called "quantum"."""

import torch
from torch import nn


class Angles(nn.Module):
    """Stands for a circuit: a bounded function of its inputs with weights of their own."""

    part = "quantum"

    def __init__(self, width):
        super().__init__()
        self.angles = nn.Parameter(torch.linspace(-1, 1, width))

    def forward(self, inputs):
        return torch.cos(inputs + self.angles)


def small(seed, n_in=4, n_out=3, dropout=0.0):
    """Linear, "circuit", dropout, linear."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n_in, 5), Angles(5), nn.Dropout(dropout), nn.Linear(5, n_out))


def dropping(seed):
    """A model that draws during training."""
    return small(seed, dropout=0.3)


def normalising(seed):
    """A model with buffers."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), Angles(6), nn.Linear(6, 3))
