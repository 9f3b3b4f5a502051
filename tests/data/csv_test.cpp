#include "thalweg/data/csv.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files.h"
#include "thalweg/data/dataset.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Cells = std::vector<std::string>;

std::vector<Cells> records(std::string_view text) {
  CsvReader reader(text, "t.csv");
  std::vector<Cells> result;
  for (Cells cells; reader.next(cells);) result.push_back(cells);
  return result;
}

TEST(CsvReader, SplitsCellsAndRecords) {
  EXPECT_THAT(records("a,b\n1,2\n"), ElementsAre(Cells{"a", "b"}, Cells{"1", "2"}));
  EXPECT_THAT(records("a,b\r\n1,\r\n,2"), ElementsAre(Cells{"a", "b"}, Cells{"1", ""}, Cells{"", "2"}));
  EXPECT_THAT(records("\xef\xbb\xbf"
                      "a\n1"),
              ElementsAre(Cells{"a"}, Cells{"1"}));
  EXPECT_THAT(records(""), ElementsAre());
}

TEST(CsvReader, QuotedCellsMayHoldCommasLineBreaksAndQuotes) {
  EXPECT_THAT(records("\"a,b\",\"c\nd\"\n\"say \"\"x\"\"\",\"\"\n"),
              ElementsAre(Cells{"a,b", "c\nd"}, Cells{"say \"x\"", ""}));
  EXPECT_THAT(records("5\" pipe,1\n"), ElementsAre(Cells{"5\" pipe", "1"})) << "a quote inside a cell is a character";
  EXPECT_THAT(records("\"a\",\"b\"\r\n\"1\",\"2\"\r"), ElementsAre(Cells{"a", "b"}, Cells{"1", "2"}));
}

TEST(CsvReader, EmptyLinesArePassedOverUnlessTheyAreCells) {
  EXPECT_THAT(records("a,b\n\n1,2\n\r\n\n"), ElementsAre(Cells{"a", "b"}, Cells{"1", "2"}));
  EXPECT_THAT(records("a\n1\n\n2\n"), ElementsAre(Cells{"a"}, Cells{"1"}, Cells{""}, Cells{"2"}));
}

TEST(CsvReader, ErrorsNameTheLineWhereARecordBegins) {
  EXPECT_THAT(message_of<InputError>([] { records("a,b\n\"x\ny\",2\n1\n"); }),
              AllOf(HasSubstr("t.csv:4:"), HasSubstr("has 1 cells"), HasSubstr("have 2")));
  EXPECT_THAT(message_of<InputError>([] { records("a,b\n1,2,3\n"); }), HasSubstr("t.csv:2: has 3 cells"));
  EXPECT_THAT(message_of<InputError>([] { records("a,b\n1,\"2\n3,4\n"); }),
              AllOf(HasSubstr("t.csv:2:"), HasSubstr("never closed")));
  EXPECT_THAT(message_of<InputError>([] { records("\"a\"x,b\n"); }),
              HasSubstr("t.csv:1: after a closing quote comes 'x'"));
  EXPECT_THAT(message_of<InputError>([] { records(std::string_view("a\0b", 3)); }), HasSubstr("zero byte"));
}

class CsvData : public testing::Test {
 protected:
  recipe::Data data(const std::string& text) {
    folder_.write("t.csv", text);
    recipe::Data result = data_of(recipe::Format::csv, "t.csv");
    result.target_columns = {"y"};
    return result;
  }
  Dataset load(const recipe::Data& data) { return load_dataset(data, 0, folder_.path()); }
  std::string input_error(const recipe::Data& data) {
    return message_of<InputError>([&] { load(data); });
  }
  std::string usage_error(const recipe::Data& data) {
    return message_of<UsageError>([&] { load(data); });
  }
  TestFolder folder_;
};

TEST_F(CsvData, AllColumnsButTheTargetAreInputs) {
  const Dataset dataset = load(data("a,y,b\n1,0.5,-2e3\n +3 ,1,.5\n"));
  const Batch batch = dataset.train->slice(0, 2);
  EXPECT_TRUE(at::equal(batch.inputs, at::tensor({1.0F, -2000.0F, 3.0F, 0.5F}).reshape({2, 2})));
  EXPECT_TRUE(at::equal(batch.targets, at::tensor({0.5F, 1.0F}).unsqueeze(1)));
  EXPECT_EQ(dataset.info.targets, recipe::TargetKind::real);
  EXPECT_EQ(dataset.info.classes, 0);
  EXPECT_EQ(dataset.info.input_shape, (std::vector<std::int64_t>{2}));
}

TEST_F(CsvData, InputColumnsAreTakenInTheirOwnOrder) {
  recipe::Data d = data("a,b,c,y\n1,2,3,0\n");
  d.input_columns = {"c", "a"};
  EXPECT_TRUE(at::equal(load(d).train->slice(0, 1).inputs, at::tensor({3.0F, 1.0F}).unsqueeze(0)));
}

TEST_F(CsvData, WholeNumbersAreClassesUnlessTheyCannotBe) {
  Dataset classes = load(data("a,y\n1,0\n2,2\n3,1\n"));
  EXPECT_EQ(classes.info.targets, recipe::TargetKind::classes);
  EXPECT_EQ(classes.info.classes, 3);
  for (const char* text : {"a,y\n1,-1\n2,1\n", "a,y\n1,250000\n2,180000\n"}) {
    const Dataset amounts = load(data(text));
    EXPECT_EQ(amounts.info.targets, recipe::TargetKind::real);
    EXPECT_THAT(amounts.notes, ElementsAre(HasSubstr("taken as amounts, not classes")));
  }
  recipe::Data as_real = data("a,y\n1,0\n2,2\n");
  as_real.targets = recipe::TargetKind::real;
  EXPECT_EQ(load(as_real).info.targets, recipe::TargetKind::real);
}

TEST_F(CsvData, SeveralTargetColumnsOfZeroAndOneAreOneHotOrMultilabel) {
  recipe::Data d = data("a,y,z\n1,0,1\n2,1,0\n");
  d.target_columns = {"y", "z"};
  EXPECT_EQ(load(d).info.targets, recipe::TargetKind::onehot);
  folder_.write("t.csv", "a,y,z\n1,1,1\n2,1,0\n");
  EXPECT_EQ(load(d).info.targets, recipe::TargetKind::multilabel);
  folder_.write("t.csv", "a,y,z\n1,1,1.5\n2,1,0\n");
  const Dataset real = load(d);
  EXPECT_EQ(real.info.targets, recipe::TargetKind::real);
  EXPECT_EQ(real.info.target_columns, 2);
}

TEST_F(CsvData, CategoricalInputsBecomeColumnsInTheOrderOfTheAlphabet) {
  recipe::Data d = data("c,a,y\nred,1,0\nblue,2,1\nred,3,0\n");
  d.categorical = {"c"};
  const at::Tensor inputs = load(d).train->slice(0, 3).inputs;
  EXPECT_TRUE(at::equal(inputs, at::tensor({0.0F, 1.0F, 1.0F, 1.0F, 0.0F, 2.0F, 0.0F, 1.0F, 3.0F}).reshape({3, 3})));
}

TEST_F(CsvData, ACategoricalTargetIsClassesAndAllFilesNumberAlike) {
  recipe::Data d = data("c,y\nx,setosa\nz,virginica\n");
  folder_.write("test.csv", "y,c\nmaxima,y\nvirginica,x\n");
  d.categorical = {"c", "y"};
  d.test = std::string("test.csv");
  const Dataset dataset = load(d);
  EXPECT_EQ(dataset.info.classes, 3);
  EXPECT_EQ(dataset.info.input_shape, (std::vector<std::int64_t>{3}));
  EXPECT_TRUE(at::equal(dataset.train->slice(0, 2).targets, at::tensor({1, 2}, at::kLong)));
  EXPECT_TRUE(at::equal(dataset.test->slice(0, 2).targets, at::tensor({0, 2}, at::kLong)));
  EXPECT_TRUE(
      at::equal(dataset.test->slice(0, 2).inputs, at::tensor({0.0F, 1.0F, 0.0F, 1.0F, 0.0F, 0.0F}).reshape({2, 3})));
}

TEST_F(CsvData, WithoutAHeaderColumnsAreNumberedFromOne) {
  recipe::Data d = data("1,2,0\n3,4,1\n");
  d.header = false;
  d.target_columns = {"3"};
  const Dataset dataset = load(d);
  EXPECT_EQ(dataset.train->rows(), 2);
  EXPECT_EQ(dataset.info.classes, 2);
}

TEST_F(CsvData, ReadsGzip) { EXPECT_EQ(load(data(gzip("a,y\n1,0\n2,1\n"))).train->rows(), 2); }

TEST_F(CsvData, CellsThatAreNoNumbersNameFileLineAndColumn) {
  EXPECT_THAT(input_error(data("a,y\n1,0\nhigh,1\n")),
              AllOf(HasSubstr("t.csv:3: column 'a': 'high' is no number"), HasSubstr("data.categorical")));
  EXPECT_THAT(input_error(data("a,y\n1,0\n1 2,1\n")), HasSubstr("'1 2' is no number"));
  EXPECT_THAT(input_error(data("a,y\n1,0\n,1\n")), HasSubstr("t.csv:3: column 'a': the cell is empty"));
  EXPECT_THAT(input_error(data("a,y\n1,NA\n")), HasSubstr("t.csv:2: column 'y': 'NA' is a missing value"));
  for (const char* word : {"nan", "NaN", "inf", "-inf"}) {
    EXPECT_THAT(input_error(data(std::string("a,y\n") + word + ",1\n")),
                AllOf(HasSubstr("t.csv:2: column 'a'"), HasSubstr("not finite")));
  }
  EXPECT_THAT(input_error(data("a,y\n1e999,1\n")), HasSubstr("'1e999' is no number"));
  recipe::Data named = data("c,a,y\nred,1,0\n,2,0\n");
  named.categorical = {"c"};
  EXPECT_THAT(input_error(named), HasSubstr("t.csv:3: column 'c': the cell is empty"));
}

TEST_F(CsvData, UnknownColumnsNameTheNearest) {
  recipe::Data d = data("length,y\n1,0\n");
  d.input_columns = {"lenght"};
  EXPECT_THAT(usage_error(d), AllOf(HasSubstr("data.input_columns"), HasSubstr("no column 'lenght'"),
                                    HasSubstr("did you mean 'length'?")));
  d.input_columns = {};
  d.target_columns = {"quality"};
  EXPECT_THAT(usage_error(d), AllOf(HasSubstr("data.target_columns"), HasSubstr("it has length, y")));
  d.target_columns = {};
  EXPECT_THAT(usage_error(d), HasSubstr("target_columns is empty"));
  d.target_columns = {"y"};
  d.categorical = {"z"};
  EXPECT_THAT(usage_error(d), HasSubstr("data.categorical"));
}

TEST_F(CsvData, RefusesTablesThatCannotBeLearned) {
  EXPECT_THAT(input_error(data("")), HasSubstr("is empty"));
  EXPECT_THAT(input_error(data("a,y\n")), HasSubstr("no rows below its header"));
  EXPECT_THAT(input_error(data("a,y,a\n1,2,3\n")), HasSubstr("t.csv:1: the column 'a' is there twice"));
  EXPECT_THAT(usage_error(data("y\n1\n2\n")), HasSubstr("no column left for the inputs"));
  recipe::Data d = data("a,y\n1,2\n");
  d.input_columns = {"a", "y"};
  EXPECT_THAT(usage_error(d), HasSubstr("'y' is a target column too"));
  d = data("a,y,z\n1,b,0\n");
  d.target_columns = {"y", "z"};
  d.categorical = {"y"};
  EXPECT_THAT(usage_error(d), HasSubstr("stands alone"));
  d = data("a,y\n1,b\n");
  d.categorical = {"y"};
  d.targets = recipe::TargetKind::real;
  EXPECT_THAT(usage_error(d), HasSubstr("categorical"));
}

TEST_F(CsvData, ColumnsOfAnotherFileAreFoundByName) {
  recipe::Data d = data("a,y\n1,0\n2,1\n");
  folder_.write("v.csv", "b,y\n1,0\n");
  d.validation = std::string("v.csv");
  EXPECT_THAT(usage_error(d), AllOf(HasSubstr("v.csv"), HasSubstr("no column 'a'")));
}

TEST_F(CsvData, DoubtfulTablesAreRemarkedOn) {
  EXPECT_THAT(load(data("a,,y\n1,2,0\n")).notes, ElementsAre(HasSubstr("column without a name")));
  recipe::Data d = data("1,2\n3,0\n");
  d.target_columns = {"2"};
  EXPECT_THAT(load(d).notes, ElementsAre(HasSubstr("data.header = false")));
  d = data("a;y\n1;2\n");
  d.target_columns = {"y"};
  EXPECT_THAT(usage_error(d), HasSubstr("only commas separate"));
}

TEST_F(CsvData, WhatExceedsTheMemoryIsRefusedWithTheWayOut) {
  std::string text = "c,a,y\n";
  for (int i = 0; i < 1500; ++i) text += "name" + std::to_string(i) + ",1,0\n";
  recipe::Data d = data(text);
  d.memory = 1;
  d.categorical = {"c"};
  EXPECT_THAT(input_error(d), AllOf(HasSubstr("1501 columns"), HasSubstr("data.memory = 1 MiB")));
  d = data("a,y\n" + std::string(2 << 20, '1') + ",0\n");
  d.memory = 1;
  EXPECT_THAT(input_error(d), AllOf(HasSubstr("data.memory = 1 MiB"), HasSubstr("npy")));
  d = data(gzip("a,y\n" + std::string(2 << 20, '1') + ",0\n"));
  d.memory = 1;
  EXPECT_THAT(input_error(d), HasSubstr("data.memory = 1 MiB"));
}

}  // namespace
}  // namespace thalweg
