#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <utility>

#include "thalweg/record/quantity.h"
#include "thalweg/store/frames_reader.h"
#include "thalweg/store/reading_connection.h"
#include "thalweg/store/rows.h"
#include "thalweg/store/schema.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

// One moment of the run for as long as this lives.
class Moment {
 public:
  explicit Moment(SQLite::Database& database) : database_(database) { database_.exec("BEGIN"); }
  ~Moment() { sqlite3_exec(database_.getHandle(), "COMMIT", nullptr, nullptr, nullptr); }
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

 private:
  SQLite::Database& database_;
};

}  // namespace

struct StoreReader::State {
  explicit State(const std::filesystem::path& path) : file(path), database(open_for_reading(path)) {
    check_schema(*database, file);
  }

  // SQLite's errors become ours.
  template <typename Read>
  auto at_one_moment(Read read) const {
    try {
      const Moment moment(*database);
      return read();
    } catch (const SQLite::Exception& error) {
      throw_as_ours(error, file);
    }
  }

  std::filesystem::path file;
  std::unique_ptr<SQLite::Database> database;
};

StoreReader::StoreReader(const std::filesystem::path& file) {
  try {
    state_ = std::make_unique<State>(file);
  } catch (const SQLite::Exception& error) {
    throw_as_ours(error, file);
  }
}

StoreReader::~StoreReader() = default;

RunHeader StoreReader::header() const {
  return state_->at_one_moment([&] { return read_header(*state_->database, state_->file); });
}

std::vector<std::string> StoreReader::scopes() const {
  return state_->at_one_moment([&] {
    SQLite::Statement query(*state_->database, "SELECT id, name FROM scopes ORDER BY id");
    const Cells cells(query, state_->file);
    std::vector<std::string> result(1);
    while (query.executeStep()) {
      const Scope number = checked_scope(cells.integer(0), state_->file);
      if (result.size() <= number) result.resize(number + std::size_t{1});
      result[number] = cells.text(1);
    }
    return result;
  });
}

std::vector<Reading> StoreReader::readings(std::optional<Quantity> quantity, std::optional<Scope> scope) const {
  std::vector<Reading> result;
  for_each_reading([&](const Reading& reading) { result.push_back(reading); }, quantity, scope);
  return result;
}

void StoreReader::for_each_reading(const std::function<void(const Reading&)>& visit, std::optional<Quantity> quantity,
                                   std::optional<Scope> scope) const {
  state_->at_one_moment([&] { read_readings(*state_->database, state_->file, {quantity, scope}, visit); });
}

std::vector<Evaluation> StoreReader::evaluations() const {
  return state_->at_one_moment([&] { return read_evaluations(*state_->database, state_->file); });
}

std::vector<Action> StoreReader::actions() const {
  return state_->at_one_moment([&] { return read_actions(*state_->database, state_->file); });
}

std::optional<RunResult> StoreReader::result() const {
  return state_->at_one_moment([&] { return read_result(*state_->database, state_->file); });
}

std::vector<std::string> StoreReader::unknown_quantities() const {
  return state_->at_one_moment([&] {
    SQLite::Statement query(*state_->database, "SELECT name FROM quantities ORDER BY id");
    const Cells cells(query, state_->file);
    std::vector<std::string> result;
    while (query.executeStep()) {
      if (std::string name = cells.text(0); !quantity_named(name)) result.push_back(std::move(name));
    }
    return result;
  });
}

}  // namespace thalweg
