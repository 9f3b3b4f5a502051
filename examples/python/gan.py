"""A generative adversarial network (Goodfellow et al. 2014) on a ring: two networks, two optimizers, two watches.

What either of them differentiates is no loss whose level tells anything: objective="surrogate".
"""

import argparse

import thalweg
import torch
from torch import nn


def network(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
                         nn.Linear(64, outputs))


def main(steps: int = 1500, store: str | None = None, cadence: int = 0) -> tuple[thalweg.Watch, thalweg.Watch]:
    torch.manual_seed(0)
    generator, critic = network(4, 2), network(2, 1)
    to_generate = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    to_judge = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.999))
    softplus = nn.functional.softplus
    stores = (f"{store}-generator", f"{store}-critic") if store else (None, None)
    with (thalweg.Watch(generator, to_generate, store=stores[0], cadence=cadence, objective="surrogate") as watch_generator,
          thalweg.Watch(critic, to_judge, store=stores[1], cadence=cadence, objective="surrogate") as watch_critic):
        for _ in range(steps):
            angle = 2.0 * torch.pi * torch.rand(128, 1)
            real = torch.cat([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(128, 2)
            made = generator(torch.randn(128, 4))

            to_judge.zero_grad()
            watch_critic.backward(softplus(-critic(real)).mean())  # was: ….backward(); two losses make one step
            watch_critic.backward(softplus(critic(made.detach())).mean())
            watch_critic.step()  # was: to_judge.step()

            to_generate.zero_grad()
            watch_generator.backward(softplus(-critic(made)).mean())
            watch_generator.step()  # was: to_generate.step()
    return watch_generator, watch_critic


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--store", default="runs/gan")
    given = parser.parse_args()
    for watch in main(given.steps, given.store):
        print(watch.summary())
