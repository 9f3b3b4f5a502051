#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

Owners<Optimizer> of(const std::vector<OptimizerKind>& kinds) {
  return owners<Optimizer>("kind", &Optimizer::kind, kinds);
}

bool decoupled(OptimizerKind kind) { return kind == OptimizerKind::adamw || kind == OptimizerKind::nadamw; }

// betas = [β₁, β₂]
Field<Optimizer> betas() {
  const Type<std::vector<double>> type = list_of(share_below(1));
  Field<Optimizer> field{.key = "betas", .type = "two numbers >= 0 and < 1", .standard = "[0.9, 0.999]"};
  field.meaning = "Decay of the averages of the gradient and of its square.";
  field.read = [type, allowed = field.type](const Node& node, Optimizer& out, const Place& place) {
    std::vector<double> values;
    std::optional<Complaint> complaint = type.read(node, values);
    if (!complaint && (!node.list() || values.size() != 2)) complaint = Complaint{"is not a pair"};
    if (complaint) return place.wrong(node, {complaint->what, allowed, complaint->nearest});
    out.beta1 = values[0];
    out.beta2 = values[1];
  };
  field.write = [type](const Optimizer& value, const Optimizer&) { return type.write({value.beta1, value.beta2}); };
  return field;
}

Group first_group(const Optimizer&) { return {}; }

const Section<Group>& group_section() {
  static const Section<Group> section = [] {
    Section<Group> s;
    // A negative number means that the group says nothing.
    const auto if_said = [](Field<Group>& field) {
      field.otherwise("the optimizer's");
      field.write = [write = field.write](const Group& group, const Group& base) {
        const std::string text = write(group, base);
        return text.starts_with('-') ? "" : text;
      };
    };
    s.key("match", &Group::match, text("a glob over parameter names: * and ?"), "The parameters it holds for.").must();
    if_said(s.key("lr", &Group::lr, above(0), "Their learning rate."));
    if_said(s.key("weight_decay", &Group::weight_decay, at_least(0), "Their weight decay."));
    s.finish([](Group& group, const Node& node, const Place& place, bool clean) {
      if (clean && group.lr < 0 && group.weight_decay < 0)
        place.wrong(node, {"changes nothing", "lr, weight_decay, or both"});
    });
    return s;
  }();
  return section;
}

void finish(Optimizer& optimizer, const Node& node, const Place& place, bool clean) {
  if (clean && optimizer.kind == OptimizerKind::sgd && optimizer.nesterov && optimizer.momentum == 0.0) {
    (place / "nesterov")
        .wrong(*node.find("nesterov"), {"looks ahead along a momentum of 0", "true with momentum > 0, else false"});
  }
  for (std::size_t i = 0; i < optimizer.groups.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (optimizer.groups[i].match.empty() || optimizer.groups[i].match != optimizer.groups[j].match) continue;
      const Node& group = (*node.find("groups")->list())[i];
      (place / "groups" / i / "match").wrong(*group.find("match"), {"stands twice, and the first that matches counts"});
      break;
    }
  }
}

Section<Optimizer> make() {
  using enum OptimizerKind;
  Section<Optimizer> s;
  s.key("kind", &Optimizer::kind,
        choice<OptimizerKind>(
            {}, {"adagrad", "lion", "schedule_free_adamw", "muon", "soap", "saddle_free_newton", "gauss_newton"}),
        "How a step is made of a gradient.");
  s.key("lr", &Optimizer::lr, above(0), "The learning rate, before the schedule.");
  s.key("momentum", &Optimizer::momentum, within(0, 1), "Share of the last step's direction that is kept.")
      .used_by(of({sgd, rmsprop}));
  s.key("nesterov", &Optimizer::nesterov, yes_no(), "Looks ahead along the momentum.").used_by(of({sgd}));
  s.key(betas()).used_by(of({adam, adamw, nadamw}));
  s.key("alpha", &Optimizer::alpha, within(0, 1), "Decay of the average of the squared gradient.")
      .used_by(of({rmsprop}));
  s.key("eps", &Optimizer::eps, at_least(0), "Added to the root of that average.")
      .used_by(of({adam, adamw, nadamw, rmsprop}));
  s.key("weight_decay", &Optimizer::weight_decay, at_least(0),
        "adamw, nadamw: w <- (1 - lr weight_decay) w, apart from the gradient; others: weight_decay w is added to the "
        "gradient.")
      .otherwise("0.01 for adamw and nadamw, else 0.0",
                 [](Optimizer& optimizer) { optimizer.weight_decay = decoupled(optimizer.kind) ? 0.01 : 0.0; });
  s.key("clip_norm", &Optimizer::clip_norm, at_least(0), "Largest norm of the whole gradient; 0: any.");
  s.list("groups", &Optimizer::groups, group_section, first_group,
         "Other values for some parameters; the first that matches counts.");
  s.finish(finish);
  return s;
}

}  // namespace

const Section<Optimizer>& optimizer_section() {
  static const Section<Optimizer> section = make();
  return section;
}

}  // namespace thalweg::recipe
