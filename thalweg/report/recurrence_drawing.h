// The drawings of a recurrent layer, on a terminal and as SVG.
#pragma once

#include <string>

#include "thalweg/record/recurrence.h"
#include "thalweg/report/look.h"

namespace thalweg::report {

// The matrix whose eigenvalues are drawn: W of rnn, the mean J of gru and lstm; null where none was measured.
const RecurrentLayer::Matrix* drawn_matrix(const RecurrentLayer& layer);

std::string eigenvalue_plane(const RecurrentLayer::Matrix& matrix, const Look& look);  // in text, with the unit circle
std::string recurrence_plots(const RecurrentLayer& layer, const Look& look);           // all three

// A whole file: eigenvalues, gradient and exponents side by side.
std::string recurrence_svg(const RecurrentLayer& layer);

}  // namespace thalweg::report
