// Problems with known answers, made from a seed. n = samples, d = features, K = classes, s = noise.
//
// blobs       x = centre of class k + s·N(0, I); the centres lie evenly on the unit circle of the first two columns (d
// = 1: evenly
//             on [−1, 1]). Row i has class i mod K.
// spirals     K arms in the plane (d = 2): radius r from 0 to 1, angle 2π(k/K + 0.75 r), plus s·N(0, I). Row i has
// class i mod K. xor         corners of [−1, 1]² (d = 2) plus s·N(0, I), class 1 where their signs differ. Row i has
// corner i mod 4. parity      d bits, as −1 and 1, plus s·N(0, I); class 1 where the number of ones is odd. regression
// x ~ N(0, diag λ), λ from 1 down to 1/condition_number in a geometric row; y = x·w + s·N(0, 1), w ~ N(0, I). The
// columns
//             differ in scale, so that standardising mends the condition.
// quadratic   the same with XᵀX/n = R diag(λ) Rᵀ exactly, R a random rotation, and columns of mean zero: the mean
// squared error of a
//             linear unit is a quadratic of this condition, which no scaling of columns mends. n > d.
// adding      d steps of (a number in [0, 1], a mark); two steps are marked, one in each half; y = the sum of their
// numbers, plus
//             s·N(0, 1) (Hochreiter, Schmidhuber 1997). d ≥ 2.
// copy        d steps: m = min(10, (d − 1)/2) symbols of K, blanks, a go mark, m blanks; to be answered with blanks
// and, after the go
//             mark, the m symbols (Hochreiter, Schmidhuber 1997; Arjovsky 2016). Symbols are 0 … K−1, the blank is K,
//             the go mark K+1. d ≥ 3.
// multilabel  x ~ N(0, I); label k is 1 where x·w_k + s·N(0, 1) > 0, w_k ~ N(0, I).
#pragma once

#include "thalweg/data/source.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

Source make_synthetic(const recipe::Data& data);

}  // namespace thalweg
