"""Golden preconditioners, second moments and stability limits of torch.optim: writes tests/optim/described_golden.json.

    python3 tests/reference/described_golden.py

Each is read off the optimizer's own steps in float64. Preconditioners: P = -ε (what is divided) / (the update), of one more
step whose gradients leave v̂ as it is where there are such, else of the last. Limits: 6000 quadratics of one dimension side by
side, from a curvature that dies out to one that grows; eps = 1 and weights of 1e-9 hold the root at 1.
"""
import copy
import json
import pathlib

import torch

O = torch.optim
RATE = 0.01
ADAM = dict(lr=RATE, betas=(0.8, 0.95), eps=1e-3)
PRECONDITIONERS = {
    "sgd": (O.SGD, dict(lr=RATE)),
    "nesterov": (O.SGD, dict(lr=RATE, momentum=0.9, nesterov=True)),
    "rmsprop": (O.RMSprop, dict(lr=RATE, alpha=0.9, eps=1e-3)),
    "rmsprop_momentum": (O.RMSprop, dict(lr=RATE, alpha=0.9, eps=1e-3, momentum=0.8)),
    "rmsprop_centered": (O.RMSprop, dict(lr=RATE, alpha=0.9, eps=1e-3, centered=True)),
    "adam": (O.Adam, ADAM),
    "adam_amsgrad": (O.Adam, dict(ADAM, amsgrad=True)),
    "adamw": (O.AdamW, ADAM),
    "nadam": (O.NAdam, ADAM),
    "nadam_decoupled": (O.NAdam, dict(ADAM, decoupled_weight_decay=True)),
    "radam": (O.RAdam, ADAM),
    "adagrad": (O.Adagrad, dict(lr=RATE, lr_decay=0.1, eps=1e-3, initial_accumulator_value=0.1)),
}
STEPS = 1_000_000_000  # made before
HELD = dict(lr=0.05, betas=(0.9, 0.99), eps=1.0)
LIMITS = {
    "sgd": (O.SGD, dict(lr=0.05)),
    "sgd_decay": (O.SGD, dict(lr=0.05, weight_decay=5.0)),
    "heavy_ball": (O.SGD, dict(lr=0.05, momentum=0.9)),
    "dampened": (O.SGD, dict(lr=0.05, momentum=0.9, dampening=0.6)),
    "nesterov": (O.SGD, dict(lr=0.05, momentum=0.9, nesterov=True)),
    "rmsprop": (O.RMSprop, dict(lr=0.05, eps=1.0)),
    "rmsprop_centered": (O.RMSprop, dict(lr=0.05, eps=1.0, centered=True)),
    "rmsprop_momentum": (O.RMSprop, dict(lr=0.05, eps=1.0, momentum=0.9, weight_decay=5.0)),
    "adam": (O.Adam, HELD),
    "adam_decay": (O.Adam, dict(HELD, weight_decay=100.0)),
    "adam_decoupled": (O.Adam, dict(HELD, weight_decay=5.0, decoupled_weight_decay=True)),
    "adamw_amsgrad": (O.AdamW, dict(HELD, weight_decay=5.0, amsgrad=True)),
    "nadam": (O.NAdam, dict(HELD, weight_decay=10.0)),
    "nadam_young": (O.NAdam, dict(HELD, momentum_decay=4 / STEPS)),  # μ on its way from β₁/2 to β₁
    "nadam_decoupled": (O.NAdam, dict(HELD, weight_decay=5.0, decoupled_weight_decay=True)),
    "radam": (O.RAdam, HELD),
    "radam_decoupled": (O.RAdam, dict(HELD, weight_decay=5.0, decoupled_weight_decay=True)),
    "radam_unrectified": (O.RAdam, dict(HELD, betas=(0.9, 0.6))),
    "adagrad": (O.Adagrad, dict(lr=0.05, eps=1.0, weight_decay=5.0)),
    "adagrad_decay": (O.Adagrad, dict(lr=0.05, eps=1.0, lr_decay=3 / STEPS)),
}


def described(group):
    options = {"beta1": group["betas"][0], "beta2": group["betas"][1]} if "betas" in group else {}
    for name, value in group.items():
        if isinstance(value, (bool, int, float)):
            options[name] = float(value)
    return options


def numbers(state):
    """A parameter's state as JSON."""
    tensors = {k: v.tolist() for k, v in state.items() if torch.is_tensor(v) and v.dim() > 0}
    return dict(steps=float(state.get("step", 0)), mu_product=float(state.get("mu_product", 1.0)), tensors=tensors)


# -------------------------------------------------------------------------------------------------- preconditioners


def moment_by_definition(kind, group, gradients):
    """v̂ by the sum that defines it."""
    t = len(gradients)
    if kind in ("SGD", "Adagrad"):
        return None
    keep = group["alpha"] if kind == "RMSprop" else group["betas"][1]
    weights = [(1 - keep) * keep ** (t - 1 - i) for i in range(t)]
    v = sum(w * g * g for w, g in zip(weights, gradients))
    if kind == "RMSprop":
        return v - sum(w * g for w, g in zip(weights, gradients)) ** 2 if group["centered"] else v
    if group.get("amsgrad"):
        v = torch.stack([sum((1 - keep) * keep ** (s - i) * gradients[i] ** 2 for i in range(s + 1)) for s in range(t)]).amax(0)
    return v / (1 - keep**t)


def divided(kind, group, before, after, gradient):
    """What the step divides by P, the rate aside."""
    if kind == "SGD":
        return gradient + group["momentum"] * after["momentum_buffer"] if group["momentum"] else gradient
    if kind in ("RMSprop", "Adagrad"):
        return gradient
    t, b1 = float(after["step"]), group["betas"][0]
    if kind != "NAdam":
        return after["exp_avg"] / (1 - b1**t)
    mu, following = (b1 * (1 - 0.5 * 0.96 ** (s * group["momentum_decay"])) for s in (t, t + 1))
    product = float(after["mu_product"])
    return following * after["exp_avg"] / (1 - product * following) + (1 - mu) * gradient / (1 - product)


def walk(make, options, steps=9):
    """The golden case: after `steps` steps of the walk, the state, v̂ and P."""
    generator = torch.Generator().manual_seed(3)
    parameters = [torch.randn(s, generator=generator).requires_grad_() for s in ((2, 3), (4,))]
    kind = make.__name__
    optimizer = make([{"params": parameters[:1]}, {"params": parameters[1:], "lr": options["lr"] / 4}], **options)
    gradients = [[torch.randn(p.shape, generator=generator) for p in parameters] for _ in range(steps)]
    of_last = options.get("centered") or options.get("amsgrad")

    def step(now):
        before = [copy.deepcopy(optimizer.state[p]) for p in parameters]
        with torch.no_grad():
            for p, g in zip(parameters, now):
                p.zero_()  # the update is then the weight, exactly
                p.grad = g.clone()
        optimizer.step()
        found = []
        for p, g, old, group in zip(parameters, now, before, optimizer.param_groups):
            new, update = optimizer.state[p], p.detach().clone()
            if options.get("momentum") and kind == "RMSprop":  # the buffer sums what is divided already
                update = -group["lr"] * (new["momentum_buffer"] - group["momentum"] * old.get("momentum_buffer", 0.0))
            found.append(-RATE * divided(kind, group, old, new, g) / update)
        return found

    for now in gradients:
        preconditioners = step(now)
    case = dict(module=make.__module__, kind=kind, groups=[described(g) for g in optimizer.param_groups],
                shapes=[list(p.shape) for p in parameters], states=[numbers(optimizer.state[p]) for p in parameters])
    moments = [moment_by_definition(kind, g, [now[i] for now in gradients]) for i, g in enumerate(optimizer.param_groups)]
    if not of_last:
        preconditioners = step([m.sqrt() if m is not None else torch.full(p.shape, 1e-9) for m, p in zip(moments, parameters)])
    case["second_moments"] = [None if m is None else m.flatten().tolist() for m in moments]
    case["preconditioners"] = [p.flatten().tolist() for p in preconditioners]
    return case


# ----------------------------------------------------------------------------------------------------------- limits


def bracket(make, options):
    """The largest curvature that dies out with all below it, and the smallest that grows with all above it."""
    curvature = torch.logspace(0, 4, 6000)
    weight = torch.full_like(curvature, 1e-9).requires_grad_()
    optimizer = make([weight], **options)
    if make is not O.SGD:  # one step with no gradient makes the state
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
        state = optimizer.state[weight]
        state["step"].fill_(STEPS)
        if "mu_product" in state:
            state["mu_product"].fill_(1e-300)
        weight.data.fill_(1e-9)
    # What has grown swings through 0, and raises v, which tames it again: it counts that it once was large.
    largest, lately = torch.zeros_like(weight), torch.zeros_like(weight)
    for i in range(2000):
        weight.grad = curvature * weight.detach()
        optimizer.step()
        size = weight.detach().abs().nan_to_num(nan=float("inf"))
        largest = torch.maximum(largest, size)
        lately = torch.maximum(lately, size) if i >= 1900 else lately
    grown, dead = largest > 1e-7, (largest < 1e-7) & (lately < 0.5e-9)
    stable, unstable = int((~dead).nonzero()[0]) - 1, int((~grown).nonzero()[-1]) + 1
    assert 0 <= stable < unstable < len(curvature) and curvature[unstable] < 1.01 * curvature[stable], (make, options)
    return dict(module=make.__module__, kind=make.__name__, groups=[described(optimizer.param_groups[0])], steps=STEPS,
                mu_product=float(optimizer.state[weight].get("mu_product", 1.0)),
                stable=float(curvature[stable]), unstable=float(curvature[unstable]))


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    golden = dict(
        torch=torch.__version__,
        preconditioners={name: walk(*case) for name, case in PRECONDITIONERS.items()},
        unrectified={"radam": walk(O.RAdam, ADAM, steps=3)},
        limits={name: bracket(*case) for name, case in LIMITS.items()})
    target = pathlib.Path(__file__).parents[1] / "optim" / "described_golden.json"
    target.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
