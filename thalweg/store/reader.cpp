#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <system_error>
#include <tuple>
#include <utility>

#include "thalweg/record/error.h"
#include "thalweg/record/quantity.h"
#include "thalweg/store/rows.h"
#include "thalweg/store/schema.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

constexpr int kBusyMilliseconds = 10'000;
constexpr int kLongestCell = 64 << 20;  // bytes; a recipe or a result is some kilobytes

// What one column of a frame holds. No quantity: this version does not know it.
struct Slot {
  int column = 0;
  std::optional<Quantity> quantity;
  Scope scope = kWholeModel;
};
using Layouts = std::map<std::int64_t, std::vector<Slot>>;

struct Wanted {
  std::optional<Quantity> quantity;
  std::optional<Scope> scope;

  bool takes(const std::optional<Quantity>& q, Scope s) const {
    return q && (!quantity || *quantity == *q) && (!scope || *scope == s);
  }
};

std::unique_ptr<SQLite::Database> opened(const std::string& name, int flags) {
  auto database = std::make_unique<SQLite::Database>(name, flags | SQLITE_OPEN_NOMUTEX, kBusyMilliseconds);
  sqlite3* const handle = database->getHandle();
  // A second connection that checkpoints can corrupt the log in SQLite before 3.51.3.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kLongestCell);
  database->exec("PRAGMA mmap_size = 0");
  database->exec("PRAGMA cell_size_check = ON");
  database->execAndGet("SELECT count(*) FROM sqlite_schema");  // the file is first looked at here
  return database;
}

// A URI that takes the name literally, and takes the file for one that nobody can change.
std::string immutable(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

bool has_log(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file.string() + "-wal", error);
  return !error && bytes > 0;
}

std::unique_ptr<SQLite::Database> open(const std::filesystem::path& file) {
  const std::filesystem::path absolute = std::filesystem::absolute(file);
  try {
    return opened(absolute.string(), SQLITE_OPEN_READONLY);
  } catch (const SQLite::Exception& error) {
    if (error.getExtendedErrorCode() == SQLITE_READONLY_ROLLBACK) {
      // A writer was killed within a transaction, on a network file system. Only a writing connection may undo it.
      opened(absolute.string(), SQLITE_OPEN_READWRITE);
      return opened(absolute.string(), SQLITE_OPEN_READONLY);
    }
    // A file of a run that was killed, copied to a read-only disk without its log: the side files cannot be made there.
    const bool side_files = error.getErrorCode() == SQLITE_CANTOPEN || error.getErrorCode() == SQLITE_READONLY;
    if (!side_files || !std::filesystem::exists(absolute) || has_log(absolute)) throw;
    return opened(immutable(absolute), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  }
}

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
  explicit State(const std::filesystem::path& path) : file(path), database(open(path)) {
    check_schema(*database, file);
  }

  // Runs `read` in one moment of the run; SQLite's errors become ours.
  template <typename Read>
  auto at_one_moment(Read read) {
    try {
      const Moment moment(*database);
      return read();
    } catch (const SQLite::Exception& error) {
      throw_as_ours(error, file);
    }
  }

  [[noreturn]] void damaged(const std::string& what) const {
    throw InputError("'" + printable(file.string(), 4096) + "' is damaged: " + what);
  }

  Scope scope(std::int64_t number) const {
    if (number < 0 || number > std::numeric_limits<Scope>::max()) damaged(fmt::format("there is a scope {}", number));
    return static_cast<Scope>(number);
  }

  std::map<std::int64_t, std::optional<Quantity>> quantities() {
    SQLite::Statement query(*database, "SELECT id, name FROM quantities");
    const Cells cells(query, file);
    std::map<std::int64_t, std::optional<Quantity>> result;
    while (query.executeStep()) result[cells.integer(0)] = quantity_named(cells.text(1));
    return result;
  }

  std::optional<Quantity> quantity(const std::map<std::int64_t, std::optional<Quantity>>& known,
                                   std::int64_t id) const {
    const auto found = known.find(id);
    if (found == known.end()) damaged(fmt::format("there is no quantity {}", id));
    return found->second;
  }

  Layouts layouts(const std::map<std::int64_t, std::optional<Quantity>>& known) {
    SQLite::Statement query(*database, "SELECT slot, layout, quantity, scope FROM layouts ORDER BY layout, slot");
    const Cells cells(query, file);
    Layouts result;
    while (query.executeStep()) {
      const std::int64_t slot = cells.integer(0);
      if (slot < 0 || slot >= kSlots) damaged(fmt::format("there is a slot {}", slot));
      result[cells.integer(1)].push_back(
          {static_cast<int>(slot), quantity(known, cells.integer(2)), scope(cells.integer(3))});
    }
    return result;
  }

  void read(const Wanted& wanted, const std::function<void(const Reading&)>& visit);

  std::filesystem::path file;
  std::unique_ptr<SQLite::Database> database;
};

namespace {

// A row of `frames` or `singles`, unpacked when its turn has come.
class Rows {
 public:
  // `most`: a damaged tree can lead in circles, but no more rows than bytes fit into a file.
  Rows(SQLite::Database& database, const std::string& sql, const std::filesystem::path& file, std::int64_t most)
      : query_(database, sql), cells_(query_, file), file_(file), left_(most) {
    next();
  }

  bool done() const { return done_; }
  std::pair<std::int64_t, std::int64_t> key() const { return {cells_.integer(0), cells_.integer(1)}; }
  const Cells& cells() const { return cells_; }
  void next() {
    if (left_-- <= 0) throw InputError("'" + printable(file_.string(), 4096) + "' is damaged: its rows have no end");
    done_ = !query_.executeStep();
  }

 private:
  SQLite::Statement query_;
  Cells cells_;
  const std::filesystem::path& file_;
  std::int64_t left_;
  bool done_ = false;
};

// Of each layout only the columns that are wanted.
Layouts only(const Layouts& layouts, const Wanted& wanted) {
  Layouts result;
  for (const auto& [layout, slots] : layouts) {
    auto& kept = result[layout];
    std::copy_if(slots.begin(), slots.end(), std::back_inserter(kept),
                 [&](const Slot& slot) { return wanted.takes(slot.quantity, slot.scope); });
  }
  return result;
}

}  // namespace

void StoreReader::State::read(const Wanted& wanted, const std::function<void(const Reading&)>& visit) {
  const auto known = quantities();
  const Layouts columns = only(layouts(known), wanted);
  const std::int64_t most =
      database->execAndGet("PRAGMA page_count").getInt64() * database->execAndGet("PRAGMA page_size").getInt64();
  Rows frames(*database, "SELECT * FROM frames ORDER BY step, seq", file, most);
  Rows singles(*database, "SELECT * FROM singles ORDER BY step, seq", file, most);
  while (!frames.done() || !singles.done()) {
    const bool frame = singles.done() || (!frames.done() && frames.key() < singles.key());
    const Cells& cells = frame ? frames.cells() : singles.cells();
    Reading reading{.step = cells.integer(0)};
    if (frame) {
      const auto layout = columns.find(cells.integer(2));
      if (layout == columns.end()) damaged(fmt::format("there is no layout {}", cells.integer(2)));
      for (const Slot& slot : layout->second) {
        reading.value = cells.number(3 + slot.column);
        reading.quantity = *slot.quantity;
        reading.scope = slot.scope;
        visit(reading);
      }
      frames.next();
    } else {
      const std::optional<Quantity> of = quantity(known, cells.integer(2));
      reading.scope = scope(cells.integer(3));
      if (wanted.takes(of, reading.scope)) {
        reading.quantity = *of;
        reading.value = cells.number(4);
        reading.error = static_cast<float>(cells.number(5));
        reading.cost = static_cast<float>(cells.number(6));
        visit(reading);
      }
      singles.next();
    }
  }
}

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
      const Scope number = state_->scope(cells.integer(0));
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
  state_->at_one_moment([&] { state_->read({quantity, scope}, visit); });
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
