#!/usr/bin/env python3
"""Where the coefficients of codegen/cpu/Math*.cpp come from: weighted minimax fits (Lawson's iteration on a least-squares
fit), coefficients rounded to the working precision one after the other, low order first, the rest fitted again.
Needs numpy and mpmath. Prints C++ initialisers and the largest error of each fit in ulp of the working precision."""
import mpmath as mp
import numpy as np

mp.mp.dps = 40


def nodes(lo, hi, m=3000):
    return (lo + hi) / 2 + (hi - lo) / 2 * np.cos(np.pi * (np.arange(m) + 0.5) / m)


def table(f, x):
    return np.array([float(f(mp.mpf(float(v)))) for v in x])


def lawson(basis, y, w, rounds=150):
    law = np.ones(len(y))
    for _ in range(rounds):
        s = np.sqrt(law) * w
        c, *_ = np.linalg.lstsq(basis * s[:, None], y * s, rcond=None)
        e = np.abs((basis @ c - y) * w)
        law = law * (e / e.max() + 1e-9)
        law /= law.max()
    return c, e.max()


def fit(name, f, lo, hi, degree, weight, variable=lambda r: r, single=True):
    """p(variable(r)) ~ f(r), error weighted by weight(r): relative to the function that p is a part of."""
    r = nodes(lo, hi)
    y, w, z = table(f, r), np.abs(weight(r)), variable(r)
    basis = np.vander(z, degree + 1, increasing=True)
    fixed = []
    for k in range(degree + 1):
        rest = y - (basis[:, :k] @ np.array(fixed) if k else 0)
        c, _ = lawson(basis[:, k:], rest, w)
        fixed.append(float(np.float32(c[0])) if single else float(c[0]))
    c = np.array(fixed)
    error = np.abs((basis @ c - y) * w).max() / (2.0**-24 if single else 2.0**-53)
    print(f"// {name}: {error:.3f} ulp")
    print("{" + ", ".join(f"{v:.9g}f" if single else f"{v:.17g}" for v in c) + "}")


ln2 = float(mp.log(2))
fit("exp(r) = 1 + r + r^2 p(r)", lambda r: (mp.expm1(r) - r) / r**2, -ln2 / 2 * 1.001, ln2 / 2 * 1.001, 4,
    lambda r: r**2 / np.exp(r))
fit("exp2(r) = 1 + r p(r)", lambda r: (2**r - 1) / r, -0.5005, 0.5005, 5, lambda r: r / 2**r)
fit("expm1(r) = r + r^2 p(r)", lambda r: (mp.expm1(r) - r) / r**2, -ln2 / 2 * 1.001, ln2 / 2 * 1.001, 4,
    lambda r: r**2 / np.expm1(r))
fit("log(1+r) = r - r^2/2 + r^3 p(r)", lambda r: (mp.log1p(r) - r + r**2 / 2) / r**3, 2**-0.5 - 1, 2**0.5 - 1, 8,
    lambda r: r**3 / np.log1p(r))
fit("sin(r) = r + r^3 p(r^2)", lambda r: (mp.sin(r) - r) / r**3, 1e-4, 0.7855, 3, lambda r: r**3 / np.sin(r),
    lambda r: r * r)
fit("cos(r) = 1 - r^2/2 + r^4 p(r^2)", lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4, 1e-2, 0.7855, 2,
    lambda r: r**4 / np.cos(r), lambda r: r * r)
fit("erf(x) = x + x p(x^2)", lambda x: mp.erf(x) / x - 1, 1e-4, 0.93, 6,
    lambda x: x / np.array([float(mp.erf(v)) for v in x]), lambda x: x * x)
fit("1 - erf(x) = exp(-x - x p(x))", lambda x: -mp.log(mp.erfc(x)) / x - 1, 0.92, 4.0, 7,
    lambda x: x * np.array([float(mp.erfc(v) / mp.erf(v)) for v in x]))
fit("log(m) = 2 s + s^3 p(s^2), s = (m-1)/(m+1)", lambda s: (mp.log((1 + s) / (1 - s)) - 2 * s) / s**3, 1e-3, 0.1716, 6,
    lambda s: s**3 / (2 * np.arctanh(s)), lambda s: s * s, single=False)
fit("exp2(r) = 1 + r p(r), double", lambda r: (2**r - 1) / r, -0.5001, 0.5001, 9, lambda r: r / 2**r, single=False)
