// The two distributions that error bars and probabilities of the estimators are read from. Internal to the room.
#pragma once

namespace thalweg {

// P(X ≤ x) for X ~ Beta(a, b): the regularised incomplete beta function, by its continued fraction (Abramowitz, Stegun
// 1964, 26.5.8). For a uniformly random unit vector in d dimensions, the squared length of its part in an m-dimensional
// space is Beta(m/2, (d − m)/2).
double beta_probability(double x, double a, double b);

// q with P(|T| ≤ q) = level for Student's t.
double student_quantile(double level, double degrees_of_freedom);

// What the standard deviation of a mean over n independent values is multiplied by so that two of the product hold the
// truth in at least 95 of 100 cases: half of Student's quantile for 99. What is above 95 is for the skewness of
// quadratic forms, of which a few probes show too little: with 95 instead, 89 to 94 are held on spectra of networks.
double standard_error_factor(int n);

}  // namespace thalweg
