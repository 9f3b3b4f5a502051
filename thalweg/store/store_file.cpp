#include "thalweg/store/store_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <system_error>
#include <utility>

#include "thalweg/record/error.h"
#include "thalweg/record/quantity.h"
#include "thalweg/store/file_system.h"
#include "thalweg/store/frames.h"
#include "thalweg/store/owner_lock.h"
#include "thalweg/store/rows.h"
#include "thalweg/store/schema.h"

namespace thalweg {
namespace {

constexpr int kBusyMilliseconds = 30'000;  // readers hold up a writer only where there is no write-ahead log
constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

// With a write-ahead log, NORMAL: a commit is a write, which survives the process; the disk is waited for only at
// checkpoints, and a loss of power takes the last seconds. A rollback journal needs FULL to be whole after one.
void set_journal(SQLite::Database& database, bool write_ahead) {
  database.exec("PRAGMA mmap_size = 0");
  database.execAndGet(write_ahead ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = TRUNCATE");
  database.exec(write_ahead ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
}

void add_quantities(SQLite::Database& database) {
  SQLite::Statement statement(database, "INSERT OR IGNORE INTO quantities (name, unit) VALUES (?, ?)");
  for (const QuantityInfo& quantity : quantities()) {
    statement.bind(1, std::string(quantity.name));
    statement.bind(2, std::string(quantity.unit));
    statement.exec();
    statement.reset();
  }
}

void create(SQLite::Database& database, const RunHeader& header) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  create_schema(database);
  add_quantities(database);
  database.exec("INSERT INTO scopes VALUES (0, '')");
  write_header(database, header);
  transaction.commit();
}

void remove_where(SQLite::Database& database, const char* table, const std::string& condition, std::int64_t step) {
  SQLite::Statement statement(database, std::string("DELETE FROM ") + table + " WHERE " + condition);
  statement.bind(1, step);
  statement.exec();
}

void remove_evaluations(SQLite::Database& database, const std::string& condition, std::int64_t step) {
  remove_where(database, "metrics", "evaluation IN (SELECT id FROM evaluations WHERE " + condition + ")", step);
  remove_where(database, "evaluations", condition, step);
}

// The run goes on: its header may have changed (more steps, other threads), but it started when it started.
void resume(SQLite::Database& database, const std::filesystem::path& file, RunHeader header, std::int64_t step) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  for (const char* const table : {"frames", "singles"}) remove_where(database, table, "step >= ?", step);
  // Those at `step` came before the checkpoint.
  remove_where(database, "actions", "step > ?", step);
  remove_evaluations(database, "step > ?", step);
  database.exec("DELETE FROM result");
  header.started = read_header(database, file).started;
  database.exec("DELETE FROM run");
  write_header(database, header);
  add_quantities(database);
  transaction.commit();
}

// SQLite takes a few bytes of something else for a database that is yet to be written, and would overwrite them.
bool is_foreign(SQLite::Database& database, const std::filesystem::path& file) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(file, missing);
  return !missing && bytes > 0 && database.execAndGet("PRAGMA page_count").getInt64() == 0;
}

bool moved(SQLite::Database& database) {
  int answer = 0;
  sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &answer);
  return answer != 0;
}

}  // namespace

void StoreBatch::clear() {
  scopes.clear();
  readings.clear();
  evaluations.clear();
  actions.clear();
  result.reset();
}

struct StoreFile::State {
  explicit State(const std::filesystem::path& path)
      : file(path), lock(path), database(std::filesystem::absolute(path).string(), kFlags, kBusyMilliseconds) {}

  // The evaluation of the step that the run was resumed at is there already; it may come again, but is kept once.
  void write(const Evaluation& evaluation) {
    if (resumed_at && evaluation.step == *resumed_at) {
      remove_evaluations(database, "step = ?", *resumed_at);
      resumed_at.reset();
    }
    write_evaluation(database, evaluation);
  }

  std::filesystem::path file;
  OwnerLock lock;
  SQLite::Database database;
  std::unique_ptr<FrameWriter> frames;  // its statements end before the database does
  std::optional<std::int64_t> resumed_at;
};

StoreFile::StoreFile(const std::filesystem::path& file, const RunHeader& header, StoreWriter::Journal journal,
                     std::optional<std::int64_t> resume_at) {
  try {
    state_ = std::make_unique<State>(file);
    prepare(header, journal, resume_at);
  } catch (const SQLite::Exception& error) {
    throw_as_ours(error, file);
  }
}

// A file that is not ours is refused before anything is written to it.
void StoreFile::prepare(const RunHeader& header, StoreWriter::Journal journal, std::optional<std::int64_t> resume_at) {
  SQLite::Database& database = state_->database;
  const bool fresh = is_empty(database);
  if (!fresh) check_schema(database, state_->file);
  if (fresh && is_foreign(database, state_->file)) {
    throw InputError("'" + printable(state_->file.string(), 4096) + "' is not a run's store");
  }
  if (!fresh && !resume_at) {
    throw IoError("'" + printable(state_->file.string(), 4096) +
                  "' already holds a run: resume it, or give this one another folder");
  }
  set_journal(database, journal == StoreWriter::Journal::write_ahead ||
                            (journal == StoreWriter::Journal::automatic && !is_on_network(folder_of(state_->file))));
  if (fresh) {
    create(database, header);
  } else {
    resume(database, state_->file, header, *resume_at);
    state_->resumed_at = resume_at;
  }
  state_->frames = std::make_unique<FrameWriter>(database);
}

StoreFile::~StoreFile() {
  if (!state_) return;
  state_->frames.reset();
  if (moved(state_->database)) {  // side files of this name are another run's by now
    sqlite3_db_config(state_->database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return;
  }
  try {
    // Checkpoints and removes the log, so that the file can be copied alone and read from a read-only disk. Where a
    // reader is at work it stays a log, which is as good.
    state_->database.setBusyTimeout(0);
    state_->database.execAndGet("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception&) {
    // Everything committed is in the log; whoever opens the store next finds it there.
  }
}

void StoreFile::write(const StoreBatch& batch) {
  try {
    SQLite::Transaction transaction(state_->database, SQLite::TransactionBehavior::IMMEDIATE);
    for (const auto& [scope, name] : batch.scopes) state_->frames->name_scope(scope, name);
    state_->frames->write(batch.readings);
    for (const Evaluation& evaluation : batch.evaluations) state_->write(evaluation);
    for (const Action& action : batch.actions) write_action(state_->database, action);
    if (batch.result) write_result(state_->database, *batch.result);
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    throw_as_ours(error, state_->file);
  }
  // A deleted file goes on taking writes, which nobody will ever read.
  if (moved(state_->database)) {
    throw IoError("'" + printable(state_->file.string(), 4096) + "' was deleted or replaced");
  }
}

}  // namespace thalweg
