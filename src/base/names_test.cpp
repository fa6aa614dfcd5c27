#include "base/names.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pare {
namespace {

TEST(Matches, StarStandsForAnyCharactersAndQuestionMarkForOne) {
  EXPECT_TRUE(matches("fc1", "fc1"));
  EXPECT_FALSE(matches("fc1", "fc10"));
  EXPECT_FALSE(matches("fc10", "fc1"));
  EXPECT_TRUE(matches("fc?", "fc1"));
  EXPECT_FALSE(matches("fc?", "fc"));
  EXPECT_FALSE(matches("fc?", "fc12"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "output"));
  EXPECT_TRUE(matches("*.weight", "fc1.weight"));
  EXPECT_FALSE(matches("*.weight", "fc1.weights"));
  EXPECT_TRUE(matches("**", "x"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "x"));
}

TEST(Matches, GoesBackWhenAStarTookTooLittle) {
  EXPECT_TRUE(matches("a*b*c", "abbxcc"));
  EXPECT_TRUE(matches("*ab", "aab"));
  EXPECT_FALSE(matches("a*b*c", "abbxc."));
}

TEST(Matches, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a*";
  EXPECT_FALSE(matches(pattern + "b", std::string(2000, 'a')));
}

const std::vector<std::string> kKeys = {"epochs", "batch_size", "learning_rate", "l1"};

TEST(Nearest, FindsTheSmallestEditDistance) {
  EXPECT_EQ(nearest("epoch", kKeys), "epochs");
  EXPECT_EQ(nearest("learnin_rat", kKeys), "learning_rate");
  EXPECT_EQ(nearest("batchsize", kKeys), "batch_size");
}

TEST(Nearest, IsEmptyWhenNothingIsWithinAThird) {
  EXPECT_EQ(nearest("momentum", kKeys), "");
  EXPECT_EQ(nearest("", kKeys), "");
  EXPECT_EQ(nearest("epo", kKeys), "");  // three of three characters away
  EXPECT_EQ(nearest("epochs", {}), "");
}

TEST(DidYouMean, IsAPhraseOrNothing) {
  EXPECT_EQ(did_you_mean("epoch", kKeys), "; did you mean 'epochs'?");
  EXPECT_EQ(did_you_mean("zzz", kKeys), "");
}

}  // namespace
}  // namespace pare
