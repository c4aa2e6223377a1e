"""Modules of torch for exported models."""

import torch


class Sqrt(torch.nn.Module):
    """Square roots of features, which may not be negative."""

    def forward(self, x):
        return torch.sqrt(x)
