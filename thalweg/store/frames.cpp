#include "thalweg/store/frames.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "thalweg/record/quantity.h"
#include "thalweg/store/schema.h"

namespace thalweg {
namespace {

constexpr std::size_t kFewest = 4;          // fewer readings than this take less room as singles
constexpr std::size_t kMostLayouts = 1024;  // of one session; more would mean that no order repeats

std::string frame_insertion() {
  std::string sql = "INSERT INTO frames VALUES (?, ?, ?";
  for (int slot = 0; slot < kSlots; ++slot) sql += ", ?";
  return sql + ")";
}

void run(SQLite::Statement& statement) {
  statement.exec();
  statement.reset();
}

// Error bars and costs are what singles are for.
bool is_plain(const Reading& reading) { return std::isnan(reading.error) && reading.cost == 0.0F; }

// Plain readings of one step, at most a frame full; or a single reading. All keep their order.
std::size_t frame_length(std::span<const Reading> readings) {
  const Reading& first = readings.front();
  if (!is_plain(first)) return 1;
  const auto most = readings.first(std::min<std::size_t>(readings.size(), kSlots));
  const auto end =
      std::find_if(most.begin(), most.end(), [&](const Reading& r) { return r.step != first.step || !is_plain(r); });
  return static_cast<std::size_t>(end - most.begin());
}

std::int64_t next_after(SQLite::Database& database, const std::string& column, const std::string& table) {
  return database.execAndGet("SELECT coalesce(max(" + column + "), 0) + 1 FROM " + table).getInt64();
}

}  // namespace

struct FrameWriter::Statements {
  explicit Statements(SQLite::Database& opened)
      : database(opened),
        frame(opened, frame_insertion()),
        single(opened, "INSERT INTO singles VALUES (?, ?, ?, ?, ?, ?, ?)"),
        layout(opened, "INSERT INTO layouts VALUES (?, ?, ?, ?)"),
        scope(opened, "INSERT INTO scopes VALUES (?, ?)") {}

  SQLite::Database& database;
  SQLite::Statement frame;
  SQLite::Statement single;
  SQLite::Statement layout;
  SQLite::Statement scope;
};

FrameWriter::FrameWriter(SQLite::Database& database) : statements_(std::make_unique<Statements>(database)) { load(); }

FrameWriter::~FrameWriter() = default;

void FrameWriter::load() {
  SQLite::Database& database = statements_->database;
  SQLite::Statement quantity(database, "SELECT id FROM quantities WHERE name = ?");
  for (const QuantityInfo& info : quantities()) {
    quantity.bind(1, std::string(info.name));
    if (!quantity.executeStep()) throw std::logic_error("a quantity is missing from the store");
    quantity_ids_[static_cast<std::size_t>(info.id)] = quantity.getColumn(0).getInt64();
    quantity.reset();
  }
  SQLite::Statement scopes(database, "SELECT id, name FROM scopes");
  while (scopes.executeStep()) {
    scope_names_[scopes.getColumn(1).getString()] = scopes.getColumn(0).getInt64();
    used_scopes_.insert(static_cast<Scope>(scopes.getColumn(0).getInt64()));
  }
  scope_ids_.push_back(kWholeModel);
  next_layout_ = next_after(database, "layout", "layouts");
  next_sequence_ = std::max(next_after(database, "seq", "frames"), next_after(database, "seq", "singles"));
}

void FrameWriter::name_scope(Scope scope, const std::string& name) {
  if (scope_ids_.size() <= scope) scope_ids_.resize(scope + std::size_t{1}, -1);
  auto known = scope_names_.find(name);
  if (known == scope_names_.end()) known = scope_names_.emplace(name, add_scope(scope, name)).first;
  if (scope_ids_[scope] >= 0 && scope_ids_[scope] != known->second) layouts_.clear();  // they hold its former meaning
  scope_ids_[scope] = known->second;
}

// Under the caller's own number where it is free, as it is in a store that was never resumed.
std::int64_t FrameWriter::add_scope(Scope scope, const std::string& name) {
  const std::size_t id = used_scopes_.contains(scope) ? *used_scopes_.rbegin() + std::size_t{1} : scope;
  if (id > std::numeric_limits<Scope>::max()) throw std::length_error("more than 65535 scopes in one run");
  statements_->scope.bind(1, static_cast<std::int64_t>(id));
  statements_->scope.bind(2, name);
  run(statements_->scope);
  used_scopes_.insert(static_cast<Scope>(id));
  return static_cast<std::int64_t>(id);
}

std::int64_t FrameWriter::scope_id(Scope scope) {
  if (scope >= scope_ids_.size() || scope_ids_[scope] < 0) name_scope(scope, fmt::format("#{}", scope));
  return scope_ids_[scope];
}

void FrameWriter::write(std::span<const Reading> readings) {
  while (!readings.empty()) {
    const auto frame = readings.first(frame_length(readings));
    write_frame(frame);
    readings = readings.subspan(frame.size());
  }
}

void FrameWriter::write_frame(std::span<const Reading> readings) {
  const std::int64_t layout = readings.size() < kFewest ? 0 : layout_of(readings);
  if (layout == 0) {
    for (const Reading& reading : readings) write_single(reading);
    return;
  }
  SQLite::Statement& frame = statements_->frame;
  frame.bind(1, readings.front().step);
  frame.bind(2, next_sequence_++);
  frame.bind(3, layout);
  int parameter = 4;
  for (const Reading& reading : readings) frame.bind(parameter++, reading.value);  // NaN becomes NULL
  while (parameter < 4 + kSlots) frame.bind(parameter++);
  run(frame);
}

void FrameWriter::write_single(const Reading& reading) {
  const std::int64_t scope = scope_id(reading.scope);
  SQLite::Statement& single = statements_->single;
  single.bind(1, reading.step);
  single.bind(2, next_sequence_++);
  single.bind(3, quantity_ids_.at(static_cast<std::size_t>(reading.quantity)));
  single.bind(4, scope);
  single.bind(5, reading.value);
  single.bind(6, static_cast<double>(reading.error));
  single.bind(7, static_cast<double>(reading.cost));
  run(single);
}

// The layout of this sequence of series, or 0 where it is new and there are too many already.
std::int64_t FrameWriter::layout_of(std::span<const Reading> readings) {
  key_.clear();
  for (const Reading& reading : readings) {
    key_ += static_cast<char32_t>(static_cast<Series>(reading.quantity) << 16U | reading.scope);
  }
  const auto known = layouts_.find(key_);
  if (known != layouts_.end()) return known->second;
  return layouts_.size() < kMostLayouts ? add_layout(readings) : 0;
}

std::int64_t FrameWriter::add_layout(std::span<const Reading> readings) {
  SQLite::Statement& layout = statements_->layout;
  for (std::size_t slot = 0; slot < readings.size(); ++slot) {
    const std::int64_t scope = scope_id(readings[slot].scope);
    layout.bind(1, static_cast<std::int64_t>(slot));
    layout.bind(2, next_layout_);
    layout.bind(3, quantity_ids_.at(static_cast<std::size_t>(readings[slot].quantity)));
    layout.bind(4, scope);
    run(layout);
  }
  layouts_[key_] = next_layout_;
  return next_layout_++;
}

}  // namespace thalweg
