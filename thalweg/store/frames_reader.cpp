#include "thalweg/store/frames_reader.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/record/quantity.h"
#include "thalweg/store/rows.h"
#include "thalweg/store/schema.h"

namespace thalweg {
namespace {

using Path = std::filesystem::path;
using QuantityIds = std::map<std::int64_t, std::optional<Quantity>>;  // none: this version does not know it

// What one column of a frame holds.
struct Slot {
  int column = 0;
  Quantity quantity = Quantity::loss;
  Scope scope = kWholeModel;
};
using Layouts = std::map<std::int64_t, std::vector<Slot>>;

QuantityIds quantity_ids(SQLite::Database& database, const Path& file) {
  SQLite::Statement query(database, "SELECT id, name FROM quantities");
  const Cells cells(query, file);
  QuantityIds result;
  while (query.executeStep()) result[cells.integer(0)] = quantity_named(cells.text(1));
  return result;
}

std::optional<Quantity> quantity_of(const QuantityIds& ids, std::int64_t id, const Path& file) {
  const auto found = ids.find(id);
  if (found == ids.end()) throw_damaged(file, fmt::format("there is no quantity {}", id));
  return found->second;
}

// Of each layout only the columns that are wanted.
Layouts read_layouts(SQLite::Database& database, const Path& file, const QuantityIds& ids, const Wanted& wanted) {
  SQLite::Statement query(database, "SELECT slot, layout, quantity, scope FROM layouts ORDER BY layout, slot");
  const Cells cells(query, file);
  Layouts result;
  while (query.executeStep()) {
    const std::int64_t slot = cells.integer(0);
    if (slot < 0 || slot >= kSlots) throw_damaged(file, fmt::format("there is no slot {}", slot));
    std::vector<Slot>& slots = result[cells.integer(1)];
    const std::optional<Quantity> quantity = quantity_of(ids, cells.integer(2), file);
    const Scope scope = checked_scope(cells.integer(3), file);
    if (quantity && wanted.takes(*quantity, scope)) slots.push_back({static_cast<int>(slot), *quantity, scope});
  }
  return result;
}

// The rows of a table that begins with (step, seq), in this order.
class Rows {
 public:
  // A damaged tree can lead in circles, but no more rows than bytes fit into a file.
  Rows(SQLite::Database& database, const std::string& table, const Path& file, std::int64_t most)
      : query_(database, "SELECT * FROM " + table + " ORDER BY step, seq"),
        cells_(query_, file),
        file_(file),
        left_(most) {
    next();
  }

  bool done() const { return done_; }
  std::pair<std::int64_t, std::int64_t> key() const { return {cells_.integer(0), cells_.integer(1)}; }
  const Cells& cells() const { return cells_; }
  void next() {
    if (left_-- <= 0) throw_damaged(file_, "its rows have no end");
    done_ = !query_.executeStep();
  }

 private:
  SQLite::Statement query_;
  Cells cells_;
  const Path& file_;
  std::int64_t left_;
  bool done_ = false;
};

class Unpacker {
 public:
  Unpacker(SQLite::Database& database, const Path& file, const Wanted& wanted,
           const std::function<void(const Reading&)>& visit)
      : file_(file),
        wanted_(wanted),
        visit_(visit),
        ids_(quantity_ids(database, file)),
        layouts_(read_layouts(database, file, ids_, wanted)) {}

  void frame(const Cells& cells) const {
    const auto layout = layouts_.find(cells.integer(2));
    if (layout == layouts_.end()) throw_damaged(file_, fmt::format("there is no layout {}", cells.integer(2)));
    Reading reading{.step = cells.integer(0)};
    for (const Slot& slot : layout->second) {
      reading.value = cells.number(3 + slot.column);
      reading.quantity = slot.quantity;
      reading.scope = slot.scope;
      visit_(reading);
    }
  }

  void single(const Cells& cells) const {
    const std::optional<Quantity> quantity = quantity_of(ids_, cells.integer(2), file_);
    const Scope scope = checked_scope(cells.integer(3), file_);
    if (!quantity || !wanted_.takes(*quantity, scope)) return;
    visit_({.step = cells.integer(0),
            .value = cells.number(4),
            .error = static_cast<float>(cells.number(5)),
            .cost = static_cast<float>(cells.number(6)),
            .quantity = *quantity,
            .scope = scope});
  }

 private:
  const Path& file_;
  const Wanted& wanted_;
  const std::function<void(const Reading&)>& visit_;
  QuantityIds ids_;
  Layouts layouts_;
};

}  // namespace

void read_readings(SQLite::Database& database, const Path& file, const Wanted& wanted,
                   const std::function<void(const Reading&)>& visit) {
  const Unpacker unpacker(database, file, wanted, visit);
  const std::int64_t bytes =
      database.execAndGet("PRAGMA page_count").getInt64() * database.execAndGet("PRAGMA page_size").getInt64();
  Rows frames(database, "frames", file, bytes);
  Rows singles(database, "singles", file, bytes);
  while (!frames.done() || !singles.done()) {
    if (singles.done() || (!frames.done() && frames.key() < singles.key())) {
      unpacker.frame(frames.cells());
      frames.next();
    } else {
      unpacker.single(singles.cells());
      singles.next();
    }
  }
}

Scope checked_scope(std::int64_t number, const Path& file) {
  if (number < 0 || number > std::numeric_limits<Scope>::max()) {
    throw_damaged(file, fmt::format("there is no scope {}", number));
  }
  return static_cast<Scope>(number);
}

}  // namespace thalweg
