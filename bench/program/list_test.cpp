// `assay list`: one operator's contract, whole.
#include <gtest/gtest.h>

#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

TEST_F(Program, DescribesAnOperatorWhole) {
  const Outcome described = assay("list --describe window_softmax");
  EXPECT_EQ(described.code, 0);
  for (const char* part : {"formula: probs = softmax", "source: microsoft/Swin-Transformer", "[B·nW heads N N]",
                           "within 10·u·S", "bound of probs: S = r(2", "swin_dense"})
    EXPECT_NE(described.text.find(part), std::string::npos) << part << " in\n" << described.text;
}

}  // namespace
}  // namespace assay::bench
