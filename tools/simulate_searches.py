#!/usr/bin/env python3
"""How often a Lanczos search takes another eigenvalue for the extreme one, by margin and miss probability.

    ./dev exec python3 tools/simulate_searches.py P2 top --starts 2500

The spectrum of a frozen problem is measured once (60 products); then random starts are simulated on it, each by the weights that a
random unit vector has: chi-square, with as many degrees as eigenvalues stand together. docs/curvature.md has what this gave.
"""
import argparse, json, pathlib, sys
import numpy as np
import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "problems" / "curvature"
sys.path.insert(0, str(FOLDER))
import problems


def lanczos(product, start, steps):
    basis, alpha, beta = [start / np.linalg.norm(start)], [], []
    for _ in range(steps):
        w = product(basis[-1])
        alpha.append(float(w @ basis[-1]))
        for _ in range(2):
            v = np.array(basis)
            w = w - (v @ w) @ v
        beta.append(float(np.linalg.norm(w)))
        basis.append(w / beta[-1])
        yield alpha, beta


def ritz(alpha, beta):
    values, vectors = np.linalg.eigh(np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1))
    return values, vectors, beta[-1] * np.abs(vectors[-1])


def growth(alpha, beta, mu):
    before, now, total = 0.0, 1.0, 1.0
    for j, (a, b) in enumerate(zip(alpha, beta)):
        before, now = now, ((mu - a) * now - (beta[j - 1] if j else 0.0) * before) / b
        total += now * now
    return total


def spectrum(name):
    model, loss, x, y = problems.load(name)
    parameters = list(model.parameters())
    gradient = torch.autograd.grad(loss(model(x), y), parameters, create_graph=True)
    sizes = [q.numel() for q in parameters]

    def product(v):
        parts = [t.view_as(q) for t, q in zip(torch.from_numpy(v.astype(np.float32)).split(sizes), parameters)]
        h = torch.autograd.grad(gradient, parameters, parts, retain_graph=True)
        return torch.cat([t.reshape(-1) for t in h]).numpy().astype(np.float64)

    p = sum(sizes)
    for alpha, beta in lanczos(product, np.random.default_rng(0).standard_normal(p), 60):
        pass
    values, vectors, residuals = ritz(alpha, beta)
    points, degrees = [], []
    for i, value in enumerate(values):
        if residuals[i] < 1e-3 * abs(value):
            points.append(value), degrees.append(1.0)
            continue
        many = max(1.0, vectors[0, i] ** 2 * p)
        low = (values[i - 1] + value) / 2 if i else value
        high = (value + values[i + 1]) / 2 if i + 1 < len(values) else value
        for point in np.linspace(low, high, min(40, int(many)), endpoint=False):
            points.append(point), degrees.append(many / min(40, int(many)))
    return p, np.array(points), np.array(degrees)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", choices=["P1", "P2", "P3"])
    parser.add_argument("end", choices=["top", "bottom"])
    parser.add_argument("--starts", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    p, points, degrees = spectrum(arguments.problem)
    points = points if arguments.end == "top" else -points
    rng, truth = np.random.default_rng(5), points.max()
    rules = {(margin, miss): [0, 0, 0] for margin in (0.05, 0.1) for miss in (0.01, 0.005, 0.001)}
    for _ in range(arguments.starts):
        start, waiting = np.sqrt(rng.chisquare(degrees)), set(rules)
        for alpha, beta in lanczos(lambda v: points * v, start, 60):
            if len(alpha) < 4:
                continue
            values, _, residuals = ritz(alpha, beta)
            top, r, gap = values[-1], residuals[-1], values[-1] - values[-2] - residuals[-2]
            if (r * r / gap if gap > r else r) > 1e-3 * abs(top):
                continue
            for margin, miss in list(waiting):
                if np.sqrt(2 * p / np.pi / growth(alpha, beta, top + margin * abs(top))) <= miss:
                    waiting.discard((margin, miss))
                    rule = rules[margin, miss]
                    rule[0] += 1
                    rule[1] += abs(top - truth) > 1e-3 * abs(truth)
                    rule[2] += len(alpha)
            if not waiting:
                break
    for (margin, miss), (done, wrong, products) in rules.items():
        print(f"margin {margin:4.2f}  miss {miss:5.3f}  searches {done}  wrong {wrong}  products {products / max(1, done):.2f}")


if __name__ == "__main__":
    main()
