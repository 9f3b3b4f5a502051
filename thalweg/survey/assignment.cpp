#include "thalweg/survey/assignment.h"

#include <ATen/ATen.h>

#include <limits>
#include <stdexcept>

namespace thalweg {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Costs are −S. Rows join one after the other, each along the shortest augmenting path in reduced costs.
class Solver {
 public:
  Solver(const double* similarity, std::size_t n)
      : s_(similarity), n_(n), u_(n), v_(n), row_of_(n, n), column_of_(n, n) {}

  void solve() {
    for (std::size_t row = 0; row < n_; ++row) augment(row);
  }
  std::size_t column_of(std::size_t row) const { return column_of_[row]; }
  double u(std::size_t row) const { return u_[row]; }
  double v(std::size_t column) const { return v_[column]; }

 private:
  void augment(std::size_t first) {
    std::vector<double> distance(n_, kInfinity);
    std::vector<std::size_t> from(n_, n_), open(n_), done_rows;
    for (std::size_t j = 0; j < n_; ++j) open[j] = n_ - 1 - j;
    std::vector<std::size_t> done_columns;
    double shortest = 0.0;
    std::size_t row = first, sink = n_;
    while (sink == n_) {
      done_rows.push_back(row);
      const std::size_t best = nearest(row, shortest, distance, from, open);
      shortest = distance[open[best]];
      const std::size_t column = open[best];
      open[best] = open.back();
      open.pop_back();
      done_columns.push_back(column);
      if (row_of_[column] == n_) {
        sink = column;
      } else {
        row = row_of_[column];
      }
    }
    for (const std::size_t r : done_rows) u_[r] += r == first ? shortest : shortest - distance[column_of_[r]];
    for (const std::size_t c : done_columns) v_[c] -= shortest - distance[c];
    flip(sink, first, from);
  }

  // Relaxes the open columns from `row`; the index in `open` of the nearest, a free one among equals.
  std::size_t nearest(std::size_t row, double shortest, std::vector<double>& distance, std::vector<std::size_t>& from,
                      const std::vector<std::size_t>& open) const {
    const double* s = s_ + row * n_;
    const double base = shortest - u_[row];
    double lowest = kInfinity;
    std::size_t best = 0;
    for (std::size_t k = 0; k < open.size(); ++k) {
      const std::size_t j = open[k];
      const double reduced = base - s[j] - v_[j];
      if (reduced < distance[j]) {
        distance[j] = reduced;
        from[j] = row;
      }
      if (distance[j] < lowest || (distance[j] == lowest && row_of_[j] == n_)) {
        lowest = distance[j];
        best = k;
      }
    }
    return best;
  }

  void flip(std::size_t column, std::size_t first, const std::vector<std::size_t>& from) {
    for (std::size_t row = n_; row != first;) {
      row = from[column];
      row_of_[column] = row;
      std::swap(column_of_[row], column);
    }
  }

  const double* s_;
  std::size_t n_;
  std::vector<double> u_, v_;
  std::vector<std::size_t> row_of_, column_of_;
};

}  // namespace

Assignment best_assignment(const at::Tensor& similarity) {
  if (similarity.dim() != 2 || similarity.size(0) != similarity.size(1)) {
    throw std::invalid_argument("an assignment needs a square matrix");
  }
  const at::Tensor s = similarity.detach().to(at::kCPU, at::kDouble).contiguous();
  if (!at::isfinite(s).all().item<bool>()) throw std::invalid_argument("a similarity is not finite");
  const auto n = static_cast<std::size_t>(s.size(0));
  const double* data = s.const_data_ptr<double>();
  Solver solver(data, n);
  solver.solve();
  Assignment result{.columns = at::empty({s.size(0)}, at::kLong)};
  auto* columns = result.columns.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < n; ++i) {
    columns[i] = static_cast<std::int64_t>(solver.column_of(i));
    result.value += data[i * n + solver.column_of(i)];
    result.row.push_back(-solver.u(i));
    result.column.push_back(-solver.v(i));
  }
  return result;
}

Assignment best_block_assignment(const at::Tensor& similarity, std::int64_t blocks) {
  if (blocks == 1) return best_assignment(similarity);
  const std::int64_t each = similarity.size(0) / blocks;
  std::vector<std::vector<Assignment>> inside(static_cast<std::size_t>(blocks));
  at::Tensor outer = at::empty({blocks, blocks}, at::kDouble);
  for (std::int64_t a = 0; a < blocks; ++a) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      inside[static_cast<std::size_t>(a)].push_back(
          best_assignment(similarity.narrow(0, a * each, each).narrow(1, b * each, each)));
      outer[a][b] = inside[static_cast<std::size_t>(a)].back().value;
    }
  }
  const Assignment whole = best_assignment(outer);
  Assignment result{.columns = at::empty({similarity.size(0)}, at::kLong), .value = whole.value};
  for (std::int64_t a = 0; a < blocks; ++a) {
    const auto b = whole.columns[a].item<std::int64_t>();
    const Assignment& part = inside[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)];
    result.columns.narrow(0, a * each, each).copy_(part.columns + b * each);
  }
  return result;
}

}  // namespace thalweg
