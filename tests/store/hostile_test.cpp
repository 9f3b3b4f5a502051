// Files that are no store, or were one: every member of the reader, and the writer that would go on, answers with one
// of our errors or with values, and never crashes.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"
#include "thalweg/store/export.h"
#include "thalweg/store/schema.h"
#include "thalweg/store/store.h"

namespace thalweg {
namespace {

using samples::Folder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// A store with something in every table.
void write_store(const std::filesystem::path& file) {
  StoreWriter writer(file, samples::header(), {});
  writer.scope(1, "fc1.weight");
  for (std::int64_t step = 0; step < 100; ++step) {
    for (const Reading& r : samples::step_readings(step, 40)) writer.put(r);
    Reading exact = samples::reading(step, Quantity::overshoot, 0.9);
    exact.error = 0.1F;
    exact.cost = 2.0F;
    writer.put(exact);
  }
  writer.put(samples::evaluation(100));
  writer.put(samples::action(50));
  writer.finish(samples::result());
}

// Looks at everything in a file.
void read_all(const std::filesystem::path& file) {
  const StoreReader reader(file);
  reader.header();
  reader.scopes();
  reader.readings();
  reader.readings(Quantity::loss, Scope{1});
  reader.evaluations();
  reader.actions();
  reader.result();
  reader.unknown_quantities();
}

void go_on(const std::filesystem::path& file) {
  StoreWriter writer(file, samples::header(), {}, 70);
  for (const Reading& r : samples::step_readings(70, 40)) writer.put(r);
  writer.put(samples::evaluation(71));
  writer.finish(samples::result());
}

template <typename Failure>
std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

// Neither crashes nor throws anything that is not ours; whether it did throw.
bool survives(const std::function<void()>& action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr(".sqlite"), Not(HasSubstr("\n"))));
  }
  return false;
}

void expect_refused(const std::filesystem::path& file, const std::string& why) {
  EXPECT_THAT(error_of<InputError>([&] { read_all(file); }), AllOf(HasSubstr(file.string()), HasSubstr(why)));
  EXPECT_THAT(error_of<InputError>([&] { go_on(file); }), AllOf(HasSubstr(file.string()), HasSubstr(why)));
}

TEST(HostileStore, OfRandomBytesOrTextIsRefused) {
  const Folder folder;
  std::mt19937 random(1);
  for (const std::size_t size : {1, 16, 100, 512, 4096, 100'000}) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    write_bytes(folder / "random.sqlite", bytes);
    expect_refused(folder / "random.sqlite", "is not a run's store");
    EXPECT_EQ(read_bytes(folder / "random.sqlite"), bytes) << "left as it was";
  }
  write_bytes(folder / "text.sqlite", std::string(5000, 'x'));
  expect_refused(folder / "text.sqlite", "is not a run's store");
}

TEST(HostileStore, ThatIsEmptyIsRefusedByTheReaderAndTakenByTheWriter) {
  const Folder folder;
  write_bytes(folder / "empty.sqlite", "");
  EXPECT_THAT(error_of<InputError>([&] { read_all(folder / "empty.sqlite"); }), HasSubstr("a run that never began"));
  go_on(folder / "empty.sqlite");
  read_all(folder / "empty.sqlite");
}

TEST(HostileStore, OfAnotherProgramIsRefusedAndLeftAsItIs) {
  const Folder folder;
  {
    SQLite::Database other((folder / "other.sqlite").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE readings (a, b)");
  }
  const std::string before = read_bytes(folder / "other.sqlite");
  expect_refused(folder / "other.sqlite", "another program's");
  EXPECT_EQ(read_bytes(folder / "other.sqlite"), before);
}

TEST(HostileStore, OfANewerVersionIsRefused) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec("PRAGMA user_version = 2");
  }
  expect_refused(folder / "run.sqlite", "newer thalweg (schema 2");
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec("PRAGMA user_version = -1");
  }
  expect_refused(folder / "run.sqlite", "schema -1");
}

TEST(HostileStore, ThatIsTruncatedIsRefused) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  const std::string bytes = read_bytes(folder / "run.sqlite");
  ASSERT_GT(bytes.size(), 40'000U);
  for (std::size_t size = 1; size < bytes.size(); size += 3000) {
    write_bytes(folder / "cut.sqlite", bytes.substr(0, size));
    EXPECT_FALSE(survives([&] { read_all(folder / "cut.sqlite"); })) << size;
    survives([&] { go_on(folder / "cut.sqlite"); });
  }
}

TEST(HostileStore, WithBytesChangedNeverCrashes) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  const std::string bytes = read_bytes(folder / "run.sqlite");
  std::mt19937 random(2);
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    std::string changed = bytes;
    for (std::size_t n = 1 + random() % 8; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
    write_bytes(folder / "changed.sqlite", changed);
    refused += survives([&] { read_all(folder / "changed.sqlite"); }) ? 0 : 1;
    survives([&] { go_on(folder / "changed.sqlite"); });
  }
  EXPECT_GT(refused, 20);
}

TEST(HostileStore, WithAPageOverwrittenNeverCrashes) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  const std::string bytes = read_bytes(folder / "run.sqlite");
  std::mt19937 random(3);
  for (std::size_t page = 0; page < bytes.size() / 4096; ++page) {
    for (const bool copy : {false, true}) {  // zeros, or another page of the same file: trees that lead in circles
      std::string changed = bytes;
      const std::size_t other = random() % (bytes.size() / 4096);
      changed.replace(page * 4096, 4096, copy ? bytes.substr(other * 4096, 4096) : std::string(4096, '\0'));
      write_bytes(folder / "changed.sqlite", changed);
      survives([&] { read_all(folder / "changed.sqlite"); });
      survives([&] { go_on(folder / "changed.sqlite"); });
    }
  }
}

TEST(HostileStore, WithABrokenLogIsReadWithoutIt) {
  const Folder folder;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.put(samples::reading(0, Quantity::loss, 1.0));
    writer.flush();
    for (const char* suffix : {"", "-wal"}) {  // as a kill would leave it
      std::filesystem::copy_file(folder / ("run.sqlite" + std::string(suffix)),
                                 folder / ("killed.sqlite" + std::string(suffix)));
    }
  }
  std::string log = read_bytes(folder / "killed.sqlite-wal");
  ASSERT_GT(log.size(), 1000U);
  log.resize(log.size() - 100);
  write_bytes(folder / "killed.sqlite-wal", log);
  EXPECT_TRUE(StoreReader(folder / "killed.sqlite").readings().empty()) << "the torn transaction never was";
}

// --- a file that SQLite finds in order

struct Change {
  const char* sql;
  const char* why;
};

class ChangedStore : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedStore, IsRefused) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec(GetParam().sql);
  }
  EXPECT_THAT(error_of<InputError>([&] { read_all(folder / "run.sqlite"); }),
              AllOf(HasSubstr("run.sqlite"), HasSubstr(GetParam().why), Not(HasSubstr("\n"))));
  survives([&] { go_on(folder / "run.sqlite"); });
}

INSTANTIATE_TEST_SUITE_P(
    Tables, ChangedStore,
    ::testing::Values(Change{"DROP TABLE frames", "'frames' is missing"}, Change{"DROP TABLE run", "'run' is missing"},
                      Change{"DROP VIEW readings", "'readings' is missing"},
                      Change{"DROP TABLE scopes; CREATE TABLE scopes (id, name)", "'scopes' is missing, or not as"},
                      Change{"DROP TABLE singles; CREATE VIEW singles AS SELECT 1 AS step",
                             "'singles' is missing, or not as"},
                      Change{"CREATE TRIGGER t AFTER DELETE ON frames BEGIN DELETE FROM singles; END", "triggers"}));

INSTANTIATE_TEST_SUITE_P(
    Values, ChangedStore,
    ::testing::Values(
        Change{"DELETE FROM run", "which run"}, Change{"UPDATE run SET name = NULL", "other than text"},
        Change{"UPDATE run SET name = x'00ff'", "'name' holds something other than text"},
        Change{"UPDATE run SET seed = 'many'", "the seed"},
        Change{"UPDATE run SET seed = '99999999999999999999'", "seed"},
        Change{"UPDATE run SET parameters = 'many'", "'parameters' holds something other than a whole number"},
        Change{"UPDATE run SET peak_learning_rate = 'fast'", "other than a number"},
        Change{"UPDATE run SET metrics = '['", "JSON"}, Change{"UPDATE run SET metrics = '[1]'", "JSON"},
        Change{"UPDATE run SET metrics = '{}'", "JSON"},
        Change{"UPDATE run SET recipe = CAST(zeroblob(70000000) AS TEXT)", "too big"},
        Change{"UPDATE frames SET v3 = 'text' WHERE step = 17", "'v3' holds something other than a number"},
        Change{"UPDATE frames SET layout = 99 WHERE step = 17", "no layout 99"},
        Change{"UPDATE frames SET layout = 'x' WHERE step = 17", "whole number"},
        Change{"UPDATE frames SET step = 'x' WHERE step = 17", "whole number"},
        Change{"UPDATE layouts SET slot = 99 WHERE slot = 3", "no slot 99"},
        Change{"UPDATE layouts SET slot = -1 WHERE slot = 3", "no slot -1"},
        Change{"UPDATE layouts SET quantity = 999 WHERE slot = 3", "no quantity 999"},
        Change{"UPDATE layouts SET scope = 70000 WHERE slot = 3", "no scope 70000"},
        Change{"UPDATE singles SET quantity = 999", "no quantity 999"},
        Change{"UPDATE singles SET scope = -1", "no scope -1"}, Change{"UPDATE singles SET value = 'x'", "a number"},
        Change{"UPDATE scopes SET id = 70000 WHERE id = 1", "no scope 70000"},
        Change{"UPDATE scopes SET id = -7 WHERE id = 1", "no scope -7"},
        Change{"UPDATE scopes SET name = x'00' WHERE id = 1", "other than text"},
        Change{"UPDATE quantities SET name = x'00' WHERE id = 1", "other than text"},
        Change{"UPDATE evaluations SET epoch = 'x'", "'epoch' holds something other than a number"},
        Change{"UPDATE metrics SET split = x'00'", "'split' holds something other than text"},
        Change{"UPDATE actions SET verdict = 'perhaps'", "no verdict of a trial 'perhaps'"},
        Change{"UPDATE result SET json = 'not JSON'", "JSON"}, Change{"UPDATE result SET json = '{}'", "JSON"},
        Change{"UPDATE result SET json = '[]'", "JSON"}, Change{"UPDATE result SET json = 'null'", "JSON"},
        Change{"UPDATE result SET json = x'00'", "other than text"},
        Change{"UPDATE result SET json = json_set(json, '$.verdict', 'sick')", "no verdict 'sick'"},
        Change{"UPDATE result SET json = json_set(json, '$.findings[0].evidence[0].quantity', 'luck')",
               "no quantity 'luck'"},
        Change{"UPDATE result SET json = json_set(json, '$.findings', json('{\"a\":1}'))", "JSON"},
        Change{"UPDATE result SET json = json_set(json, '$.loss.train', NULL, '$.loss.train_kind', 'odd')", "'odd'"},
        Change{"UPDATE result SET json = replace(hex(zeroblob(500000)), '00', '[')", "nested"}));

TEST(HostileStore, WithAQuantityOfANewerProgramIsReadWithoutIt) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  {
    SQLite::Database store((folder / "run.sqlite").string(), SQLite::OPEN_READWRITE);
    store.exec("UPDATE quantities SET name = 'luck' WHERE name = 'loss'");
  }
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THAT(reader.unknown_quantities(), ::testing::ElementsAre("luck"));
  EXPECT_THAT(reader.readings(Quantity::loss), ::testing::IsEmpty());
  const int lost = 1 + 39 / static_cast<int>(Quantity::count_);  // of the 40 that go round the quantities, and one more
  EXPECT_THAT(reader.readings(), ::testing::SizeIs(100 * (40 - lost + 1)));
}

}  // namespace
}  // namespace thalweg
