// The small sections around the training itself.
#include "thalweg/recipe/levers.h"
#include "thalweg/recipe/sections.h"

namespace thalweg::recipe {
namespace {

// One of `words` alone, or a list of names. Kept as a list.
Type<std::vector<std::string>> word_or_list(std::vector<std::string> words, const Type<std::string>& item) {
  const Type<std::string> word = word_of(words);
  const Type<std::vector<std::string>> list = list_of(item);
  const auto read = [words, word, list](const Node& node,
                                        std::vector<std::string>& values) -> std::optional<Complaint> {
    const bool single = node.list() && node.list()->size() == 1;
    std::string value;
    auto complaint = word.read(single ? node.list()->front() : node, value);
    if (complaint && node.list()) return list.read(node, values);
    if (complaint) return complaint;
    values = {value};
    return std::nullopt;
  };
  const auto write = [words, list](const std::vector<std::string>& values) {
    const bool alone = values.size() == 1 && std::find(words.begin(), words.end(), values[0]) != words.end();
    return alone ? quoted(values[0]) : list.write(values);
  };
  return {word.allowed + " | " + list.allowed, read, write};
}

Section<Batch> make_batch() {
  Section<Batch> s;
  s.key("size", &Batch::size, size_from(0), "Rows in a batch; 0: the whole training part.");
  s.key("shuffle", &Batch::shuffle, yes_no(), "Whether each epoch has an order of its own.");
  s.key("drop_last", &Batch::drop_last, yes_no(), "Whether an epoch's last, smaller batch is left out.");
  s.key("accumulate", &Batch::accumulate, size_from(1), "Batches whose gradients make one step.");
  return s;
}

Section<Watch> make_watch() {
  Section<Watch> s;
  s.key("budget", &Watch::budget, at_least(0), "Share of the training time that instruments may take.");
  s.key("cadence", &Watch::cadence, count_from(0),
        "Steps between readings, instead of the budget: reproducible; 0: by budget.");
  s.key("instruments", &Watch::instruments, word_or_list({"auto", "all", "none"}, text("instrument")),
        "Which instruments are on.");
  return s;
}

Section<Act> make_act() {
  Section<Act> s;
  s.key("mode", &Act::mode, choice<ActMode>(), "Whether findings are kept quiet, told, or acted on.");
  return s;
}

Section<Doctor> make_doctor() {
  Section<Doctor> s;
  s.key("budget", &Doctor::budget, at_least(0), "What trials may cost, in times the run.");
  s.key("levers", &Doctor::levers, word_or_list({"all"}, word_of({std::begin(kLevers), std::end(kLevers)})),
        "What a repair may touch.");
  s.key("goal", &Doctor::goal, word_of({"metric", "loss"}), "What a repair must better.");
  return s;
}

Section<Checkpoint> make_checkpoint() {
  Section<Checkpoint> s;
  s.key("every", &Checkpoint::every, count_from(0),
        "Steps from one checkpoint to the next; 0: at the end of each epoch.");
  s.key("keep", &Checkpoint::keep, size_from(1), "Checkpoints that are kept.");
  return s;
}

}  // namespace

const Section<Batch>& batch_section() {
  static const Section<Batch> section = make_batch();
  return section;
}

const Section<Watch>& watch_section() {
  static const Section<Watch> section = make_watch();
  return section;
}

const Section<Act>& act_section() {
  static const Section<Act> section = make_act();
  return section;
}

const Section<Doctor>& doctor_section() {
  static const Section<Doctor> section = make_doctor();
  return section;
}

const Section<Checkpoint>& checkpoint_section() {
  static const Section<Checkpoint> section = make_checkpoint();
  return section;
}

}  // namespace thalweg::recipe
