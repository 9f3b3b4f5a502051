#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/program.h"
#include "tests/cli/sample_run.h"

namespace thalweg::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Export : public ::testing::Test {
 protected:
  Export() { write_run(folder_.path() / "a", {}); }
  Said call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {thalweg_path(), "export"});
    return run({.command = arguments, .environment = {}, .folder = folder_.path(), .to = {}});
  }
  TemporaryFolder folder_;
};

TEST_F(Export, CsvIsAFolderOfTables) {
  const Said said = call({"a", "--to", "csv", "tables"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, IsEmpty()) << "data on stdout only";
  EXPECT_EQ(said.err, "tables is written\n");
  EXPECT_THAT(read_file(folder_.path() / "tables/readings.csv"), HasSubstr("loss"));
}

TEST_F(Export, JsonIsOneDocument) {
  const Said said = call({"a", "--to", "json", "a.json", "--quiet"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.err, IsEmpty());
  const json document = json::parse(read_file(folder_.path() / "a.json"));
  EXPECT_EQ(document["run"]["name"], "fashion-mlp");
  EXPECT_EQ(document["readings"].size(), 200);
}

TEST_F(Export, SaysWhatItWroteAsJson) {
  const Said said = call({"a", "--to", "json", "a.json", "--json"});
  EXPECT_EQ(json::parse(said.out), json({{"schema", 1}, {"run", "a"}, {"to", "json"}, {"path", "a.json"}}));
  EXPECT_THAT(said.err, IsEmpty());
}

TEST_F(Export, AFormatThatThereIsNotIsAUsageError) {
  const Said said = call({"a", "--to", "parquet", "x"});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err, "thalweg: --to: parquet not in {csv,json}; 'thalweg export --help' shows how it is called\n");
}

TEST_F(Export, APathThatCannotBeWrittenIsAnIoError) {
  const Said said = call({"a", "--to", "json", "no/such/folder/a.json"});
  EXPECT_EQ(said.code, 4) << said.err;
  EXPECT_THAT(said.err, StartsWith("thalweg: "));
}

TEST_F(Export, ARunThatThereIsNotIsAnIoError) {
  const Said said = call({"b", "--to", "json", "b.json"});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err, StartsWith("thalweg: there is no run 'b'; "));
}

}  // namespace
}  // namespace thalweg::cli
