#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Init> of(const std::vector<InitKind>& kinds) { return owners<Init>("kind", &Init::kind, kinds); }

Section<Init> make() {
  using enum InitKind;
  Section<Init> s;
  s.key("kind", &Init::kind, choice<InitKind>(),
        "For every weight with two or more axes, recurrent and embedding included; default: LibTorch's; lsuv: "
        "orthogonal, "
        "then each layer scaled by a batch of the data to outputs of variance 1.");
  s.key("std", &Init::std, at_least(0), "Standard deviation.").used_by(of({normal}));
  s.key("limit", &Init::limit, at_least(0), "Largest absolute value.").used_by(of({uniform}));
  s.key("gain", &Init::gain, at_least(0), "Factor on the weights.")
      .used_by(of({glorot_uniform, glorot_normal, lecun_normal, orthogonal, normal, uniform, identity}));
  s.key("value", &Init::value, any_number(), "The constant, of weights and of biases.");
  s.key("bias", &Init::bias, choice<BiasInit>(), "How biases start, except those of norms; same: as the weight does.");
  return s;
}

}  // namespace

const Section<Init>& init_section() {
  static const Section<Init> section = make();
  return section;
}

}  // namespace thalweg::recipe
