#include "thalweg/store/rows.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "thalweg/record/error.h"
#include "thalweg/store/json.h"
#include "thalweg/store/schema.h"

namespace thalweg {
namespace {

// One insertion of all values, in the order of the columns.
template <typename... Values>
void insert(SQLite::Database& database, const std::string& table, const Values&... values) {
  std::string marks;
  ((marks += marks.empty() ? "?" : ", ?", (void)values), ...);
  SQLite::Statement statement(database, "INSERT INTO " + table + " VALUES (" + marks + ")");
  int parameter = 0;
  (statement.bind(++parameter, values), ...);
  statement.exec();
}

// What is wrong inside a cell, with the file it is in.
template <typename Convert>
auto inside(const std::filesystem::path& file, Convert convert) {
  try {
    return convert();
  } catch (const InputError& error) {
    throw_damaged(file, error.what());
  }
}

std::string as_text(std::string_view text) { return std::string(text); }

}  // namespace

std::int64_t Cells::integer(int column) const {
  const SQLite::Column cell = statement_.getColumn(column);
  if (!cell.isInteger()) refuse(column, "a whole number");
  return cell.getInt64();
}

double Cells::number(int column) const {
  const SQLite::Column cell = statement_.getColumn(column);
  if (cell.isNull()) return std::numeric_limits<double>::quiet_NaN();
  if (!cell.isFloat() && !cell.isInteger()) refuse(column, "a number");
  return cell.getDouble();
}

std::string Cells::text(int column) const {
  const SQLite::Column cell = statement_.getColumn(column);
  if (!cell.isText()) refuse(column, "text");
  return cell.getString();
}

void Cells::refuse(int column, const char* wanted) const {
  throw_damaged(file_,
                "its column '" + as_text(statement_.getColumnName(column)) + "' holds something other than " + wanted);
}

// --- the header

void write_header(SQLite::Database& database, const RunHeader& h) {
  const auto replace = nlohmann::json::error_handler_t::replace;
  insert(database, "run", h.name, h.recipe, h.thalweg_version, h.torch_version, h.started, std::to_string(h.seed),
         h.threads, h.parameters, h.planned_steps, h.steps_per_epoch, h.heldout_rows, h.heldout, h.loss,
         nlohmann::json(h.metrics).dump(-1, ' ', false, replace), h.optimizer, h.peak_learning_rate);
}

RunHeader read_header(SQLite::Database& database, const std::filesystem::path& file) {
  SQLite::Statement query(database, "SELECT * FROM run");
  if (!query.executeStep()) throw_damaged(file, "it does not say which run it holds");
  const Cells cells(query, file);
  RunHeader h;
  int column = 0;
  for (std::string* text : {&h.name, &h.recipe, &h.thalweg_version, &h.torch_version, &h.started}) {
    *text = cells.text(column++);
  }
  const std::string seed = cells.text(column++);
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), h.seed);
  if (error != std::errc() || end != seed.data() + seed.size()) throw_damaged(file, "the seed is no number");
  h.threads = static_cast<int>(cells.integer(column++));
  for (std::int64_t* number : {&h.parameters, &h.planned_steps, &h.steps_per_epoch, &h.heldout_rows}) {
    *number = cells.integer(column++);
  }
  h.heldout = cells.text(column++);
  h.loss = cells.text(column++);
  h.metrics = inside(file, [&] { return strings_from_json(cells.text(column++)); });
  h.optimizer = cells.text(column++);
  h.peak_learning_rate = cells.number(column);
  return h;
}

// --- evaluations

void write_evaluation(SQLite::Database& database, const Evaluation& e) {
  insert(database, "evaluations", nullptr, e.step, e.epoch, e.seconds, e.train_loss, e.heldout_loss.value,
         e.heldout_loss.low, e.heldout_loss.high);
  const std::int64_t id = database.getLastInsertRowid();
  for (const NamedMetric& m : e.metrics) {
    insert(database, "metrics", nullptr, id, m.name, m.split, m.interval.value, m.interval.low, m.interval.high);
  }
}

std::vector<Evaluation> read_evaluations(SQLite::Database& database, const std::filesystem::path& file) {
  SQLite::Statement query(database,
                          "SELECT e.step, e.epoch, e.seconds, e.train_loss, e.heldout_loss, e.heldout_low, "
                          "e.heldout_high, e.id, m.evaluation, m.name, m.split, m.value, m.low, m.high FROM "
                          "evaluations e LEFT JOIN metrics m ON m.evaluation = e.id ORDER BY e.step, e.id, m.id");
  const Cells cells(query, file);
  std::vector<Evaluation> result;
  for (std::optional<std::int64_t> last; query.executeStep();) {
    if (last != cells.integer(7)) {
      last = cells.integer(7);
      result.push_back({.step = cells.integer(0),
                        .epoch = cells.number(1),
                        .seconds = cells.number(2),
                        .train_loss = cells.number(3),
                        .heldout_loss = {cells.number(4), cells.number(5), cells.number(6)},
                        .metrics = {}});
    }
    if (query.getColumn(8).isNull()) continue;  // an evaluation without metrics
    result.back().metrics.push_back(
        {cells.text(9), cells.text(10), {cells.number(11), cells.number(12), cells.number(13)}});
  }
  return result;
}

// --- actions

void write_action(SQLite::Database& database, const Action& a) {
  // An action is put when it is made, and again when its effect is known: then it takes its own place.
  SQLite::Statement before(database, "DELETE FROM actions WHERE step = ? AND lever = ?");
  before.bind(1, a.step);
  before.bind(2, a.lever);
  before.exec();
  insert(database, "actions", nullptr, a.step, a.code, a.lever, a.from, a.to, as_text(name(a.trial.verdict)),
         a.trial.effect, a.trial.low, a.trial.high, a.trial.goal, a.trial.cost, a.loss_before, a.loss_after);
}

std::vector<Action> read_actions(SQLite::Database& database, const std::filesystem::path& file) {
  SQLite::Statement query(database, "SELECT * FROM actions ORDER BY step, id");
  const Cells cells(query, file);
  std::vector<Action> result;
  while (query.executeStep()) {
    result.push_back({.step = cells.integer(1),
                      .code = cells.text(2),
                      .lever = cells.text(3),
                      .from = cells.number(4),
                      .to = cells.number(5),
                      .trial = {.verdict = inside(file, [&] { return trial_verdict_from(cells.text(6)); }),
                                .effect = cells.number(7),
                                .low = cells.number(8),
                                .high = cells.number(9),
                                .goal = cells.text(10),
                                .cost = cells.number(11)},
                      .loss_before = cells.number(12),
                      .loss_after = cells.number(13)});
  }
  return result;
}

// --- the result

void write_result(SQLite::Database& database, const RunResult& result) {
  database.exec("DELETE FROM result");
  insert(database, "result", as_text(name(result.judgement.verdict)), result.stop_reason, result.step, to_json(result));
}

std::optional<RunResult> read_result(SQLite::Database& database, const std::filesystem::path& file) {
  SQLite::Statement query(database, "SELECT json FROM result");
  if (!query.executeStep()) return std::nullopt;
  const std::string json = Cells(query, file).text(0);
  return inside(file, [&] { return run_result_from_json(json); });
}

}  // namespace thalweg
