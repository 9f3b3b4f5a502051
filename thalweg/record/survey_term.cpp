#include "thalweg/record/survey_term.h"

#include <array>

namespace thalweg {
namespace {

constexpr std::string_view kDauphin = "Dauphin et al. 2014; Goodfellow, Bengio, Courville 2016, section 8.2.3";

constexpr std::array kTerms{
    SurveyTerm{
        "saddle", "", "‖g‖ small, λ_min + its error bar < 0",
        "Verdict of a survey: there is hardly a slope, but a direction certainly bends down. The optimizer creeps "
        "where a step along that direction would gain.",
        kDauphin},
    SurveyTerm{"minimum", "", "‖g‖ small, λ_min ≥ −ε with probability 1 − δ",
               "Verdict of a survey: there is hardly a slope, and no direction is bent down by more than ε. It says "
               "nothing of flatter directions, nor of lower minima elsewhere.",
               "Royer, O'Neill, Wright 2020"},
    SurveyTerm{
        "not_critical", "", "‖g‖ above its rounding and its sampling noise",
        "Verdict of a survey: there is a slope to go down, so that neither minimum nor saddle holds the run. Most "
        "trained networks stand at such a place.",
        "Goodfellow, Bengio, Courville 2016, section 8.2.2"},
    SurveyTerm{"gradient_rounding", "loss/weight", "‖g(θ (1 ± ε_machine)) − g(θ)‖",
               "What a change in the last bit of each weight does to the gradient. No gradient below it is known to "
               "differ from zero.",
               "Parker 1997, Monte Carlo arithmetic"},
    SurveyTerm{"condition_number", "1", "κ = λ_max / λ_min, both positive",
               "How much steeper the steepest direction is than the flattest: a gradient method needs about κ steps to "
               "shrink its error by e. It exists where the Hessian is positive definite; elsewhere a survey compares "
               "the steepest ways up and down.",
               "Goodfellow, Bengio, Courville 2016, section 4.3.1"},
    SurveyTerm{"trace", "loss/weight²", "tr H = Σ λ_i",
               "Sum of all eigenvalues: the mean curvature times the number of weights. Estimated from random "
               "vectors, with its standard error.",
               "Hutchinson 1989; Meyer, Musco, Musco, Woodruff 2021; Epperly, Tropp, Webber 2024"},
    SurveyTerm{"index", "1", "number of λ_i < −ε",
               "In how many independent directions the loss bends down. The lower end is certain (Ritz values "
               "interlace the eigenvalues), the upper end holds with the stated probability.",
               "Cauchy's interlacing theorem; Royer, O'Neill, Wright 2020"},
    SurveyTerm{"certificate", "1", "P(an eigenvalue beyond the bound left no trace in the run) ≤ δ",
               "A residual says that an eigenvalue is near, not that none lies further out. The coefficients of the "
               "Lanczos run bound the probability that a random start hid one.",
               "Kuczyński, Woźniakowski 1992; van Dorsselaer, Hochstenbach, van der Vorst 2000"},
    SurveyTerm{"cross_fitted", "loss/weight²", "v from batch A, mean of vᵀH_B v over batches B",
               "The extreme eigenvalues of a few rows lie further out than those of all rows. An eigenvector measured "
               "on batches that it was not made from has no such bias.",
               "definition; 95% interval by Student's t"},
    SurveyTerm{
        "edge_of_stability", "1", "λ_max(P⁻¹H) over the optimizer's limit (2/ε for plain SGD)",
        "Above 1 a step along the steepest direction, as the optimizer scales it, grows from step to step on the "
        "quadratic model. Healthy runs hover near 1; far below it a larger rate is possible.",
        "Cohen et al. 2021; Cohen et al. 2022"},
    SurveyTerm{
        "spectral_density", "1 per loss/weight²", "φ(t) = 1/p Σ N(t; λ_i, σ²)",
        "Where the eigenvalues lie: mostly a peak at zero, with a few far to the right. From Gauss quadrature of "
        "random starts, smoothed over σ.",
        "Golub, Welsch 1969; Ghorbani, Krishnan, Xiao 2019"},
    SurveyTerm{"layer_block", "loss/weight²", "λ of H restricted to one layer's weights",
               "How curved the loss is where only that layer moves. The largest of all is no smaller than the largest "
               "block's; the difference is what layers do together.",
               "Cauchy's interlacing theorem"},
};

}  // namespace

std::span<const SurveyTerm> survey_terms() { return kTerms; }

}  // namespace thalweg
