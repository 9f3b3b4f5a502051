// thalweg explain [TERM]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/cli/arguments.h"
#include "thalweg/cli/commands.h"
#include "thalweg/cli/console.h"
#include "thalweg/cli/run_command.h"
#include "thalweg/cli/suggest.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/record/error.h"
#include "thalweg/record/finding.h"
#include "thalweg/record/quantity.h"
#include "thalweg/record/survey_term.h"
#include "thalweg/report/json.h"
#include "thalweg/report/text.h"

namespace thalweg::cli {
namespace {

using Json = nlohmann::ordered_json;

// One thing that can be explained. `facts` are label and text, in the order in which they are read.
struct Entry {
  std::string_view kind;
  std::string_view name;
  std::string_view title;  // what the list shows beside the name
  std::vector<std::pair<std::string_view, std::string_view>> facts;
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const QuantityInfo& q : quantities()) {
    all.push_back({"quantity",
                   q.name,
                   q.formula,
                   {{"meaning", q.meaning}, {"formula", q.formula}, {"unit", q.unit}, {"source", q.source}}});
  }
  for (const SurveyTerm& t : survey_terms()) {
    all.push_back({"word of a survey",
                   t.name,
                   t.formula,
                   {{"meaning", t.meaning}, {"formula", t.formula}, {"unit", t.unit}, {"source", t.source}}});
  }
  for (const FindingInfo& f : finding_kinds()) {
    all.push_back({"finding",
                   f.code,
                   f.title,
                   {{"title", f.title},
                    {"meaning", f.meaning},
                    {"evidence", f.evidence},
                    {"remedy", f.remedy},
                    {"source", f.source}}});
  }
  for (const recipe::KeyInfo& k : recipe::keys()) {
    all.push_back(
        {"recipe key", k.key, k.meaning, {{"meaning", k.meaning}, {"type", k.type}, {"default", k.standard}}});
  }
  return all;
}

// What people call quantities in formulas.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kSymbols = {
    {{"rho", "overshoot"},
     {"ρ", "overshoot"},
     {"g'g", "gradient_sq"},
     {"g'hg", "curvature_along_gradient"},
     {"ghg", "curvature_along_gradient"},
     {"u'hu", "curvature_along_update"},
     {"u'u", "update_sq"},
     {"κ", "condition_number"},
     {"tr_h", "trace"}}};

// "Learning-Rate" → "learning_rate": case, hyphens and spaces do not matter.
std::string normal(std::string_view term) {
  std::string result;
  for (const char c : term) {
    result += c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const auto& [symbol, name] : kSymbols) {
    if (result == symbol) return std::string(name);
  }
  return result;
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

// Names that are the term; else keys that end in it ("lr"); and keys of the section that it names ("optimizer").
std::vector<Entry> matching(const std::vector<Entry>& all, std::string_view term) {
  std::vector<Entry> exact, ending, section;
  for (const Entry& entry : all) {
    if (entry.name == term) exact.push_back(entry);
    if (entry.name != term && last_part(entry.name) == term) ending.push_back(entry);
    if (entry.name.starts_with(std::string(term) + ".")) section.push_back(entry);
  }
  std::vector<Entry>& best = exact.empty() ? ending : exact;
  best.insert(best.end(), section.begin(), section.end());
  return best;
}

[[noreturn]] void unknown(const std::vector<Entry>& all, const std::string& given, const std::string& term) {
  std::vector<std::string_view> names;
  for (const Entry& entry : all) names.insert(names.end(), {entry.name, last_part(entry.name)});
  throw UsageError(fmt::format("there is no quantity, finding or recipe key '{}'{}", printable(given),
                               suggestion(term, names, "'thalweg explain' lists them")));
}

std::string explanation(const Entry& entry, const report::Look& look) {
  constexpr int kLabel = 12;
  std::string text = report::painted(entry.name, report::Paint::bold, look) + fmt::format("  ({})\n", entry.kind);
  for (const auto& [label, fact] : entry.facts) {
    if (fact.empty()) continue;
    std::string head = "  " + std::string(label);
    for (const std::string& line : report::wrapped(fact, look.width - kLabel)) {
      text += report::painted(report::padded(head, kLabel), report::Paint::dim, look) + line + "\n";
      head.clear();
    }
  }
  return text;
}

std::string listing(const std::vector<Entry>& all, const report::Look& look) {
  std::string text;
  std::string_view kind;
  for (const Entry& entry : all) {
    if (entry.kind != kind) {
      kind = entry.kind;
      const std::string_view plural = kind == "quantity"           ? "Quantities"
                                      : kind == "finding"          ? "Findings"
                                      : kind == "word of a survey" ? "Words of a survey"
                                                                   : "Recipe keys";
      text += (text.empty() ? "" : "\n") + report::painted(plural, report::Paint::bold, look) + "\n";
    }
    text += report::cut("  " + report::padded(entry.name, 28) + " " + std::string(entry.title), look.width) + "\n";
  }
  return text + "\n'thalweg explain TERM' tells more of each.\n";
}

Json json_of(const std::vector<Entry>& shown) {
  Json list = Json::array();
  for (const Entry& entry : shown) {
    Json json{{"kind", entry.kind}, {"name", entry.name}};
    for (const auto& [label, fact] : entry.facts) json[std::string(label)] = fact;
    list.push_back(json);
  }
  return Json{{"schema", 1}, {"entries", list}};
}

}  // namespace

int explain(int argc, char** argv) {
  Arguments arguments("explain");
  std::vector<std::string> words;
  arguments.app
      .add_option("TERM", words, "A quantity, a finding's code, a recipe key or its section; without it all are listed")
      ->type_name("");
  if (!arguments.parse(argc, argv)) return kDone;

  const std::vector<Entry> all = entries();
  std::vector<Entry> shown = all;
  if (!words.empty()) {
    const std::string given = fmt::format("{}", fmt::join(words, " "));
    const std::string term = normal(given);
    shown = matching(all, term);
    if (shown.empty()) unknown(all, given, term);
  }
  if (arguments.common.json) {
    print(report::dump(json_of(shown)) + "\n");
    return kDone;
  }
  const report::Look look = stdout_look();
  if (words.empty()) {
    print(listing(all, look));
    return kDone;
  }
  for (const Entry& entry : shown) print((&entry == &shown.front() ? "" : "\n") + explanation(entry, look));
  return kDone;
}

}  // namespace thalweg::cli
