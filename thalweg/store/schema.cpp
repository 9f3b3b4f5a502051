#include "thalweg/store/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

std::string frames_table() {
  std::string values;
  for (int slot = 0; slot < kSlots; ++slot) values += fmt::format(", v{} REAL", slot);
  return "CREATE TABLE frames (step INTEGER, seq INTEGER, layout INTEGER NOT NULL" + values +
         ", PRIMARY KEY (step, seq)) WITHOUT ROWID";
}

// One branch a slot, and one for `singles`. The cross joins fix the order of the loops: quantities first, so that a
// query for one quantity looks only at the slots that hold it.
std::string readings_view() {
  std::string sql =
      "CREATE VIEW readings AS SELECT r.step AS step, q.name AS quantity, s.name AS scope, r.value AS value, "
      "r.error AS error, r.cost AS cost FROM singles r JOIN quantities q ON q.id = r.quantity "
      "JOIN scopes s ON s.id = r.scope";
  for (int slot = 0; slot < kSlots; ++slot) {
    sql += fmt::format(
        " UNION ALL SELECT f.step, q.name, s.name, f.v{0}, NULL, 0.0 FROM quantities q CROSS JOIN layouts l "
        "CROSS JOIN scopes s CROSS JOIN frames f "
        "WHERE l.slot = {0} AND l.quantity = q.id AND s.id = l.scope AND f.layout = l.layout",
        slot);
  }
  return sql;
}

// json_extract rather than the arrows: older SQLite cannot even open a file whose views it cannot parse.
constexpr char kFindingsView[] =
    "CREATE VIEW findings AS SELECT f.key AS position, json_extract(f.value, '$.code') AS code, "
    "json_extract(f.value, '$.severity') AS severity, json_extract(f.value, '$.step[0]') AS first_step, "
    "json_extract(f.value, '$.step[1]') AS last_step, json_extract(f.value, '$.scope') AS scope, "
    "json_extract(f.value, '$.message') AS message, json_extract(f.value, '$.causes') AS causes, "
    "json_extract(f.value, '$.evidence') AS evidence, json_extract(f.value, '$.remedies') AS remedies "
    "FROM result, json_each(result.json, '$.findings') f";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw InputError("'" + printable(file.string(), 4096) + "' " + why);
}

}  // namespace

const std::vector<SchemaObject>& schema() {
  static const std::vector<SchemaObject> objects = {
      {"run",
       "CREATE TABLE run (name TEXT, recipe TEXT, thalweg_version TEXT, torch_version TEXT, started TEXT, seed TEXT, "
       "threads INTEGER, parameters INTEGER, planned_steps INTEGER, steps_per_epoch INTEGER, heldout_rows INTEGER, "
       "heldout TEXT, loss TEXT, metrics TEXT, optimizer TEXT, peak_learning_rate REAL)"},
      {"quantities", "CREATE TABLE quantities (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT)"},
      {"scopes", "CREATE TABLE scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"},
      {"layouts",
       "CREATE TABLE layouts (slot INTEGER, layout INTEGER, quantity INTEGER NOT NULL, scope INTEGER NOT NULL, "
       "PRIMARY KEY (slot, layout)) WITHOUT ROWID"},
      {"frames", frames_table()},
      {"singles",
       "CREATE TABLE singles (step INTEGER, seq INTEGER, quantity INTEGER NOT NULL, scope INTEGER NOT NULL, "
       "value REAL, error REAL, cost REAL, PRIMARY KEY (step, seq)) WITHOUT ROWID"},
      {"readings", readings_view()},
      {"evaluations",
       "CREATE TABLE evaluations (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, epoch REAL, seconds REAL, "
       "train_loss REAL, heldout_loss REAL, heldout_low REAL, heldout_high REAL)"},
      {"metrics",
       "CREATE TABLE metrics (id INTEGER PRIMARY KEY, evaluation INTEGER NOT NULL, name TEXT NOT NULL, "
       "split TEXT NOT NULL, value REAL, low REAL, high REAL)"},
      {"actions",
       "CREATE TABLE actions (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, code TEXT NOT NULL, lever TEXT NOT NULL, "
       "old REAL, new REAL, verdict TEXT NOT NULL, effect REAL, low REAL, high REAL, goal TEXT NOT NULL, cost REAL, "
       "loss_before REAL, loss_after REAL)"},
      {"result",
       "CREATE TABLE result (verdict TEXT NOT NULL, stop_reason TEXT NOT NULL, step INTEGER NOT NULL, "
       "json TEXT NOT NULL)"},
      {"findings", kFindingsView},
  };
  return objects;
}

bool is_empty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0 &&
         database.execAndGet("PRAGMA application_id").getInt() == 0 &&
         database.execAndGet("PRAGMA user_version").getInt() == 0;
}

void create_schema(SQLite::Database& database) {
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
  for (const SchemaObject& object : schema()) database.exec(object.sql);
}

void check_schema(SQLite::Database& database, const std::filesystem::path& file) {
  if (database.execAndGet("PRAGMA application_id").getInt() != kApplicationId) {
    refuse(file, "is not a run's store: it is another program's SQLite database, or a run that never began");
  }
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version > kSchemaVersion) {
    refuse(file, fmt::format("was written by a newer thalweg (schema {}, this one knows {}): use that one", version,
                             kSchemaVersion));
  }
  if (version < 1) refuse(file, fmt::format("says schema {}: 1 to {} are known", version, kSchemaVersion));
  SQLite::Statement query(database, "SELECT sql FROM sqlite_schema WHERE name = ?");
  for (const SchemaObject& object : schema()) {
    query.bind(1, object.name);
    const bool right = query.executeStep() && query.getColumn(0).getString() == object.sql;
    query.reset();
    if (!right) throw_damaged(file, "its table '" + object.name + "' is missing, or not as thalweg makes it");
  }
  if (database.execAndGet("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'").getInt() != 0) {
    refuse(file, "has triggers, which no store of thalweg has: it was tampered with");
  }
}

void throw_damaged(const std::filesystem::path& file, const std::string& what) { refuse(file, "is damaged: " + what); }

void throw_as_ours(const SQLite::Exception& error, const std::filesystem::path& file) {
  const std::string where = "'" + printable(file.string(), 4096) + "' ";
  const std::string what = ": " + printable(error.what(), 300);
  switch (error.getErrorCode()) {
    case SQLITE_NOTADB:
      throw InputError(where + "is not a run's store" + what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw IoError(where + "is kept busy by another program: try again" + what);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
      throw IoError(where + "cannot be read or written" + what);
    case SQLITE_IOERR:
      if (error.getExtendedErrorCode() != SQLITE_IOERR_SHORT_READ) {
        throw IoError(where + "cannot be read or written" + what);
      }
      [[fallthrough]];
    default:
      throw InputError(where + "is damaged" + what);
  }
}

}  // namespace thalweg
