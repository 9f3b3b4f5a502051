#include "thalweg/model/init.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <limits>

namespace thalweg {
namespace {

using recipe::BiasInit;
using recipe::Init;
using recipe::InitKind;

void draw_uniform(at::Tensor& block, double limit, const at::Generator& generator) {
  block.uniform_(-limit, limit, generator);
}

void draw_normal(at::Tensor& block, double std, const at::Generator& generator) { block.normal_(0.0, std, generator); }

// The Q of a Gaussian matrix, its signs fixed by R's diagonal so that it is uniform over the orthogonal group (Mezzadri
// 2007).
void draw_orthogonal(at::Tensor& block, double gain, const at::Generator& generator) {
  const std::int64_t rows = block.size(0);
  const std::int64_t columns = block.numel() / rows;
  const bool wide = columns > rows;
  const at::Tensor normal = at::empty({rows, columns}, at::kDouble).normal_(0.0, 1.0, generator);
  const auto [q, r] = at::linalg_qr(wide ? normal.t() : normal);
  const at::Tensor signed_q = q * at::where(r.diagonal() < 0, -1.0, 1.0);
  block.copy_((wide ? signed_q.t() : signed_q).reshape(block.sizes()) * gain);
}

void fill_identity(at::Tensor& block, double gain) {
  at::Tensor centre = block.zero_();
  while (centre.dim() > 2) centre = centre.select(2, centre.size(2) / 2);
  centre.diagonal().fill_(gain);
}

void draw_standard(at::Tensor& block, const StandardInit& standard, const at::Generator& generator) {
  if (standard.kind == StandardInit::Kind::normal) {
    draw_normal(block, standard.scale, generator);
  } else {
    draw_uniform(block, standard.scale, generator);
  }
}

std::uint64_t mixed(std::uint64_t x) {  // splitmix64's finaliser: the generator uses the low 32 bits only
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

Fans fans_of(const std::vector<std::int64_t>& sizes) {
  double field = 1.0;
  for (std::size_t axis = 2; axis < sizes.size(); ++axis) field *= static_cast<double>(sizes[axis]);
  return {.in = static_cast<double>(sizes[1]) * field, .out = static_cast<double>(sizes[0]) * field};
}

void draw_weight(at::Tensor block, const Init& init, const Fans& fans, const StandardInit& standard,
                 const at::Generator& generator) {
  const double glorot = init.gain * std::sqrt(2.0 / (fans.in + fans.out));
  const double he = std::sqrt(2.0 / fans.in);
  switch (init.kind) {
    case InitKind::standard:
      return draw_standard(block, standard, generator);
    case InitKind::glorot_uniform:
      return draw_uniform(block, std::sqrt(3.0) * glorot, generator);
    case InitKind::glorot_normal:
      return draw_normal(block, glorot, generator);
    case InitKind::he_uniform:
      return draw_uniform(block, std::sqrt(3.0) * he, generator);
    case InitKind::he_normal:
      return draw_normal(block, he, generator);
    case InitKind::lecun_normal:
      return draw_normal(block, init.gain / std::sqrt(fans.in), generator);
    case InitKind::orthogonal:
      return draw_orthogonal(block, init.gain, generator);
    case InitKind::normal:
      return draw_normal(block, init.gain * init.std, generator);
    case InitKind::uniform:
      return draw_uniform(block, init.gain * init.limit, generator);
    case InitKind::identity:
      return fill_identity(block, init.gain);
    case InitKind::constant:
      block.fill_(init.value);
      return;
    case InitKind::zeros:
      block.zero_();
      return;
    case InitKind::lsuv:  // scaled by lsuv.h, where there are data
      return draw_orthogonal(block, 1.0, generator);
  }
}

void draw_bias(at::Tensor block, const Init& init, const Fans& weight_fans, const StandardInit& standard,
               const at::Generator& generator) {
  switch (init.bias) {
    case BiasInit::standard:
      return draw_standard(block, standard, generator);
    case BiasInit::zeros:
      block.zero_();
      return;
    case BiasInit::constant:
      block.fill_(init.value);
      return;
    case BiasInit::same:
      return draw_weight(block.unsqueeze(1), init, weight_fans, standard, generator);
  }
}

at::Generator parameter_generator(std::uint64_t seed, std::string_view parameter) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : parameter) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return at::make_generator<at::CPUGeneratorImpl>(mixed(hash ^ mixed(seed)));
}

}  // namespace thalweg
