"""A variational autoencoder (Kingma, Welling 2013) on points of a ring in eight dimensions."""

import argparse

import thalweg
import torch
from torch import nn


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 4))
        self.decoder = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The negative evidence bound, whose noise is drawn here."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        divergence = 0.5 * (log_variance.exp() + mean**2 - 1.0 - log_variance).sum(1)
        bound: torch.Tensor = (50.0 * (self.decoder(code) - x).square().sum(1) + divergence).mean()
        return bound


def ring(rows: int, lift: torch.Tensor) -> torch.Tensor:
    angle = 2.0 * torch.pi * torch.rand(rows, 1)
    return torch.cat([angle.cos(), angle.sin()], 1) @ lift + 0.05 * torch.randn(rows, 8)


def main(steps: int = 1500, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    lift = torch.randn(2, 8) / 2.0
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    with thalweg.Watch(model, optimizer, store=store, cadence=cadence) as watch:
        for _ in range(steps):
            x = ring(128, lift)
            optimizer.zero_grad()
            loss = model(x)
            watch.backward(loss, lambda: model(x))  # was: loss.backward(); the closure is optional
            watch.step()  # was: optimizer.step()
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--store", default="runs/autoencoder")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
