#!/usr/bin/env python3
"""Our curvature engine beside its peers on the frozen problems, one thread, interleaved in one run.

    ./dev bench curvature                     all problems
    ./dev bench curvature P1 P4 --seeds 5

Costs are in gradient units: forward and backward of the same problem in the same process, taken around each measurement.
The peers (hessian-eigenthings, curvlinops-for-pytorch with scipy's eigsh) are fetched once into build/peers. A value is
right when it is within 1e-3 of reference.json; one that was given as done and is not is counted as wrong.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
PACKAGES = ["hessian-eigenthings==1.0.0a5", "curvlinops-for-pytorch==3.0.1", "scipy", "einops", "einconv",
            "backpack-for-pytorch", "linear-operator", "jaxtyping", "unfoldNd", "tqdm"]
os.environ["OMP_NUM_THREADS"] = "1"


def fetch_peers():
    if not (PEERS / "curvlinops").exists():
        print("fetching the peers into build/peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(PEERS), *PACKAGES],
                       check=True)
    sys.path.insert(0, str(PEERS))


fetch_peers()
import numpy as np
import torch
import scipy.sparse.linalg
import curvlinops
import hessian_eigenthings as eigenthings

sys.path.insert(0, str(ROOT / "tests" / "problems" / "curvature"))
import problems

torch.set_num_threads(1)
REFERENCE = json.loads((ROOT / "tests/problems/curvature/reference.json").read_text())


class Problem:
    def __init__(self, name):
        self.name, self.reference = name, REFERENCE[name]
        self.model, self.loss, self.x, self.y = problems.load(name)
        self.parameters = list(self.model.parameters())
        self.p = sum(q.numel() for q in self.parameters)

    def gradient(self):
        return torch.autograd.grad(self.loss(self.model(self.x), self.y), self.parameters)

    def unit(self):
        start = time.perf_counter()
        self.gradient()
        return time.perf_counter() - start

    def eigenthings(self, **options):
        return eigenthings.HessianOperator(self.model, [(self.x, self.y)], eigenthings.supervised_loss(self.loss), **options)

    def curvlinops(self):
        return curvlinops.HessianLinearOperator(self.model, self.loss, self.parameters, [(self.x, self.y)],
                                                check_deterministic=False)

    def truth(self, what):
        return {"top1": self.reference["top5"][:1], "top5": self.reference["top5"],
                "bottom1": self.reference["bottom3"][:1]}[what]


class Counted(scipy.sparse.linalg.LinearOperator):
    """curvlinops' operator as scipy takes it, its products counted."""

    def __init__(self, problem):
        self.inner, self.products = problem.curvlinops(), 0
        super().__init__(np.float32, (problem.p, problem.p))

    def _matvec(self, v):
        self.products += 1
        return (self.inner @ torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32).reshape(-1))).numpy()


def timed(problem, work):
    """Seconds of work over the gradient's, which is taken before and after."""
    before = min(problem.unit(), problem.unit())
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    return seconds / min(before, problem.unit(), problem.unit()), result


def eigenthings_lanczos(problem, what, seed, steps=None):
    k = 5 if what == "top5" else 1
    which = "SA" if what == "bottom1" else "LA"
    result = eigenthings.lanczos(problem.eigenthings(), k=k, which=which, seed=seed,
                                 max_iter=min(problem.p - 1, steps or (20 if what != "bottom1" else 50)))
    values = sorted((float(v) for v in result.eigenvalues), reverse=what != "bottom1")
    return values, steps or (20 if what != "bottom1" else 50), bool(np.all(np.asarray(getattr(result, "converged", True))))


def eigsh(problem, what, seed):
    operator = Counted(problem)
    rng = np.random.default_rng(seed)
    k = 5 if what == "top5" else 1
    values = scipy.sparse.linalg.eigsh(operator, k=k, which="SA" if what == "bottom1" else "LA", tol=1e-3,
                                       v0=rng.standard_normal(problem.p).astype(np.float32), return_eigenvectors=False)
    return sorted((float(v) for v in values), reverse=what != "bottom1"), operator.products, True


def peer_row(problem, what, solver, seeds):
    units, products, errors, wrong = [], [], [], 0
    for seed in range(seeds):
        gu, (values, count, done) = timed(problem, lambda: solver(problem, what, seed))
        error = max(abs(v - t) / abs(t) for v, t in zip(values, problem.truth(what)))
        units.append(gu), products.append(count), errors.append(error)
        wrong += done and error > 1e-3
    return {"gu": statistics.median(units), "hvps": statistics.median(products), "worst_error": max(errors),
            "wrong": int(wrong), "seeds": seeds}


def peer_products(problem, repeats):
    vector = torch.randn(problem.p)
    operators = {"eigenthings": problem.eigenthings(), "eigenthings finite difference": problem.eigenthings(method="finite_difference")}
    rows = {}
    for name, operator in operators.items():
        rows[name] = statistics.median(timed(problem, lambda: operator.matvec(vector))[0] for _ in range(repeats))
    linear = problem.curvlinops()
    rows["curvlinops"] = statistics.median(timed(problem, lambda: linear @ vector)[0] for _ in range(repeats))
    return rows


def ours(name, what, seeds):
    out = subprocess.run(["curvature_bench", name, what, "--seeds", str(seeds)], check=True, capture_output=True, text=True)
    return json.loads(out.stdout.strip().splitlines()[-1])


def table(title, rows, columns):
    print(f"\n{title}")
    widths = [max(len(str(r[i])) for r in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, *rows]:
        print("  " + "  ".join(str(c).ljust(w) for c, w in zip(row, widths)).rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=problems.NAMES if hasattr(problems, "NAMES") else ["P1", "P2", "P3", "P4"])
    parser.add_argument("--seeds", type=int, default=5, help="searches of each kind (peers; ours take four times as many)")
    parser.add_argument("--json", action="store_true", help="one object with all figures")
    arguments = parser.parse_args()
    everything = {}
    for name in arguments.problems or ["P1", "P2", "P3", "P4"]:
        problem = Problem(name)
        for _ in range(3):
            problem.gradient()
        mine = ours(name, "hvp", 11)
        peers = peer_products(problem, 5)
        rows = [["thalweg (graph %.2f gu, %.1f MB)" % (mine["graph_gu"], mine["graph_bytes"] / 1e6), "%.2f" % mine["hvp_gu"]]]
        rows += [[k, "%.2f" % v] for k, v in peers.items()]
        everything[name] = {"hvp": {"thalweg": mine, **peers}}
        if not arguments.json:
            table(f"{name}: one Hessian-vector product", rows, ["", "gu"])
        for what in ("top1", "top5", "bottom1"):
            results = {"thalweg, certified": ours(name, what, 4 * arguments.seeds)}
            results["eigenthings lanczos"] = peer_row(problem, what, eigenthings_lanczos, arguments.seeds)
            results["curvlinops + eigsh"] = peer_row(problem, what, eigsh, max(1, arguments.seeds // 2))
            everything[name][what] = results
            if not arguments.json:
                table(f"{name}: {what}", [[k, "%.1f" % v["gu"], "%g" % v["hvps"], "%.0e" % v["worst_error"],
                                           f"{v['wrong']} of {v['seeds']}"] for k, v in results.items()],
                      ["", "gu", "products", "worst error", "wrong as done"])
    if arguments.json:
        print(json.dumps({"schema": 1, "problems": everything}))


if __name__ == "__main__":
    main()
