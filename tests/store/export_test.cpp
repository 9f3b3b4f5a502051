// Exports: what other programs read is what the store holds.
#include "thalweg/store/export.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/store/samples.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using nlohmann::json;
using samples::Folder;
using samples::reading;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A small run with one of everything, and names that need quoting.
void write_store(const std::filesystem::path& file) {
  StoreWriter writer(file, samples::header(), {});
  writer.scope(1, "a \"b\", c");
  writer.put(reading(0, Quantity::loss, 0.1));
  writer.put(reading(1, Quantity::loss, std::numeric_limits<double>::quiet_NaN()));
  Reading exact = reading(1, Quantity::overshoot, -std::numeric_limits<double>::infinity(), 1);
  exact.error = 0.5F;
  exact.cost = 2.0F;
  writer.put(exact);
  writer.put(samples::evaluation(422));
  writer.put(samples::action(50));
  writer.finish(samples::result());
}

TEST(ExportCsv, WritesReadings) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  export_csv(StoreReader(folder / "run.sqlite"), folder / "out/csv");
  EXPECT_EQ(read_text(folder / "out/csv/readings.csv"),
            "step,quantity,scope,value,error,cost\r\n"
            "0,loss,,0.1,,0\r\n"
            "1,loss,,nan,,0\r\n"
            "1,overshoot,\"a \"\"b\"\", c\",-inf,0.5,2\r\n");
}

TEST(ExportCsv, WritesTheRest) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  export_csv(StoreReader(folder / "run.sqlite"), folder / "csv");
  EXPECT_THAT(read_text(folder / "csv/run.csv"), HasSubstr("\r\nseed,18446744073709551615\r\n"));
  EXPECT_THAT(read_text(folder / "csv/run.csv"), HasSubstr("\r\nverdict,fault\r\n"));
  EXPECT_THAT(read_text(folder / "csv/evaluations.csv"),
              HasSubstr("step,epoch,seconds,name,split,value,low,high\r\n422,1,4.22,batch_loss,train,"));
  EXPECT_THAT(read_text(folder / "csv/evaluations.csv"),
              HasSubstr("\r\n422,1,4.22,accuracy,heldout,0.9,0.89,0.91\r\n"));
  EXPECT_THAT(
      read_text(folder / "csv/actions.csv"),
      HasSubstr("\r\n50,ill_conditioned_step,optimizer.lr,0.1,0.05,proven,0.12,0.1,0.14,metric,0.4,2.3,nan\r\n"));
  EXPECT_THAT(read_text(folder / "csv/findings.csv"),
              HasSubstr("\r\nlearning_rate_too_high,fault,40,52,fc1.weight,input_scale,"));
}

TEST(ExportJson, IsOneDocument) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  export_json(StoreReader(folder / "run.sqlite"), folder / "run.json");
  const json document = json::parse(read_text(folder / "run.json"));
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["run"]["seed"], 0xFFFFFFFFFFFFFFFFULL);
  EXPECT_EQ(document["scopes"], json::parse(R"(["", "a \"b\", c"])"));
  EXPECT_EQ(document["readings"], json::parse(R"([
      {"step":0,"quantity":"loss","scope":"","value":0.1},
      {"step":1,"quantity":"loss","scope":"","value":null,"kind":"nan"},
      {"step":1,"quantity":"overshoot","scope":"a \"b\", c","value":null,"kind":"-inf","error":0.5,"cost":2.0}])"));
  EXPECT_EQ(document["evaluations"][0]["metrics"][0]["value"], 0.9);
  EXPECT_EQ(document["actions"][0]["lever"], "optimizer.lr");
  EXPECT_EQ(document["result"]["verdict"], "fault");
}

TEST(ExportJson, OfARunThatGoesOnHasNoResult) {
  const Folder folder;
  StoreWriter writer(folder / "run.sqlite", samples::header(), {});
  export_json(StoreReader(folder / "run.sqlite"), folder / "run.json");
  const json document = json::parse(read_text(folder / "run.json"));
  EXPECT_TRUE(document["result"].is_null());
  EXPECT_EQ(document["readings"], json::array());
}

TEST(Export, ReplacesWhatWasThere) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  const StoreReader reader(folder / "run.sqlite");
  for (int i = 0; i < 2; ++i) {
    export_json(reader, folder / "run.json");
    export_csv(reader, folder / "csv");
  }
  EXPECT_TRUE(json::accept(read_text(folder / "run.json")));
  EXPECT_THAT(std::vector<std::filesystem::path>(std::filesystem::directory_iterator(folder / "csv"), {}), SizeIs(5))
      << "nothing is left beside the files";
}

TEST(Export, ThatCannotBeWrittenLeavesNothing) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  const StoreReader reader(folder / "run.sqlite");
  EXPECT_THROW(export_json(reader, folder / "no/such/run.json"), IoError);
  EXPECT_THROW(export_csv(reader, folder / "run.sqlite"), IoError);
  std::filesystem::create_directory(folder / "taken");
  EXPECT_THROW(export_json(reader, folder / "taken"), IoError);
  EXPECT_THAT(std::vector<std::filesystem::path>(std::filesystem::directory_iterator(folder.path()), {}), SizeIs(2));
}

// --- the third way out: a person with sqlite3. These are the queries of docs/store.md.

std::vector<std::string> rows(const std::filesystem::path& file, const std::string& sql) {
  SQLite::Database store(file.string());
  SQLite::Statement query(store, sql);
  std::vector<std::string> result;
  while (query.executeStep()) {
    std::string row;
    for (int i = 0; i < query.getColumnCount(); ++i) {
      row += (i == 0 ? "" : "|") + (query.getColumn(i).isNull() ? "NULL" : query.getColumn(i).getString());
    }
    result.push_back(row);
  }
  return result;
}

TEST(StoreInSql, ShowsReadingsByName) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  EXPECT_THAT(rows(folder / "run.sqlite", "SELECT * FROM readings ORDER BY step, quantity"),
              ElementsAre("0|loss||0.1|NULL|0.0", "1|loss||NULL|NULL|0.0", "1|overshoot|a \"b\", c|-Inf|0.5|2.0"));
}

TEST(StoreInSql, ShowsReadingsByNameHoweverTheyArePacked) {
  const Folder folder;
  std::vector<Reading> put;
  {
    StoreWriter writer(folder / "run.sqlite", samples::header(), {});
    writer.scope(1, "fc1.weight");
    writer.scope(2, "fc2.weight");
    for (std::int64_t step = 0; step < 50; ++step) {
      for (const Reading& r : samples::step_readings(step, static_cast<int>(Quantity::count_) + 20)) {
        writer.put(r);
        put.push_back(r);
      }
    }
  }
  EXPECT_THAT(rows(folder / "run.sqlite", "SELECT count(*), total(value) FROM readings"),
              ElementsAre(std::to_string(put.size()) + "|" + [&] {
                std::ostringstream sum;
                double total = 0.0;
                for (const Reading& r : put) total += r.value;
                sum.precision(15);
                sum << total;
                return sum.str();
              }()));
  EXPECT_THAT(rows(folder / "run.sqlite",
                   "SELECT step, value FROM readings WHERE quantity = 'loss' AND scope = '' AND step < 3"),
              ElementsAre("0|0.0", "1|1.0", "2|2.0"));
  const auto place = static_cast<int>(Quantity::count_) + static_cast<int>(Quantity::gradient_sq);
  EXPECT_THAT(rows(folder / "run.sqlite",
                   "SELECT (value - step) * 1024 FROM readings WHERE quantity = 'gradient_sq' AND scope = 'fc1.weight' "
                   "AND step = 7"),
              ElementsAre(std::to_string(place) + ".0"));
}

TEST(StoreInSql, ShowsFindings) {
  const Folder folder;
  write_store(folder / "run.sqlite");
  EXPECT_THAT(rows(folder / "run.sqlite", "SELECT code, severity, first_step, last_step, scope FROM findings"),
              ElementsAre("learning_rate_too_high|fault|40|52|fc1.weight"));
  EXPECT_THAT(rows(folder / "run.sqlite",
                   "SELECT e.step, m.name, m.value FROM evaluations e JOIN metrics m ON m.evaluation = e.id"),
              ElementsAre("422|accuracy|0.9", "422|accuracy|0.95"));
}

}  // namespace
}  // namespace thalweg
