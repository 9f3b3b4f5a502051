"""An actor and a critic that balance a pole on a cart (the equations of Barto, Sutton, Anderson 1983)."""

import argparse
import math

import thalweg
import torch
from torch import nn


class CartPole:
    """Position, speed, angle, its speed; pushed left or right by 10 N every 20 ms."""

    def __init__(self) -> None:
        self.state = (torch.rand(4) * 0.1 - 0.05).tolist()

    def push(self, right: bool) -> bool:
        """Whether the pole is still up."""
        x, v, angle, turn = self.state
        cos, sin = math.cos(angle), math.sin(angle)
        force = ((10.0 if right else -10.0) + 0.05 * turn * turn * sin) / 1.1
        turning = (9.8 * sin - cos * force) / (0.5 * (4.0 / 3.0 - 0.1 * cos * cos / 1.1))
        speeding = force - 0.05 * turning * cos / 1.1
        self.state = [x + 0.02 * v, v + 0.02 * speeding, angle + 0.02 * turn, turn + 0.02 * turning]
        up: bool = abs(self.state[0]) < 2.4 and abs(self.state[2]) < 0.21
        return up


class ActorCritic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.actor, self.critic = nn.Sequential(nn.Linear(4, 64), nn.Tanh()), nn.Linear(64, 2), nn.Linear(64, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.body(x)
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


def episode(model: ActorCritic, longest: int) -> tuple[torch.Tensor, int]:
    """The loss of one episode, and how long the pole was up."""
    cart, chosen, values = CartPole(), [], []
    for _ in range(longest):
        scores, value = model(torch.tensor(cart.state))
        policy = torch.distributions.Categorical(logits=scores)
        action = policy.sample()  # type: ignore[no-untyped-call]
        chosen.append(policy.log_prob(action))  # type: ignore[no-untyped-call]
        values.append(value)
        if not cart.push(bool(action)):
            break
    left = torch.arange(len(chosen), 0, -1)
    returns = (1.0 - 0.99**left) / 0.01 / 100.0
    value = torch.stack(values)
    policy_loss = -(torch.stack(chosen) * (returns - value.detach())).mean()
    return policy_loss + nn.functional.smooth_l1_loss(value, returns), len(chosen)


def main(steps: int = 300, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    model = ActorCritic()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    with thalweg.Watch(model, optimizer, store=store, cadence=cadence, objective="surrogate") as watch:
        for _ in range(steps):
            loss, length = episode(model, 200)
            optimizer.zero_grad()
            watch.backward(loss)  # was: loss.backward()
            watch.step()  # was: optimizer.step()
            watch.log("episode_length", length, split="train")
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--store", default="runs/actor-critic")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
