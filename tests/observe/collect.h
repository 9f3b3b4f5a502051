// A sink that keeps what instruments say, and finds it again.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "thalweg/record/reading.h"

namespace thalweg {

class Collect final : public ReadingSink {
 public:
  void put(const Reading& reading) override { readings.push_back(reading); }
  const Reading& only(Quantity quantity, Scope scope = kWholeModel) const {
    static const Reading none;
    const Reading* found = nullptr;
    for (const Reading& r : readings) {
      if (r.quantity != quantity || r.scope != scope) continue;
      EXPECT_EQ(found, nullptr) << "said twice: " << info(quantity).name;
      found = &r;
    }
    EXPECT_NE(found, nullptr) << "not said: " << info(quantity).name;
    return found != nullptr ? *found : none;
  }
  std::vector<Reading> readings;
};

}  // namespace thalweg
