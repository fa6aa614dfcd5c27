#include "data/catalogue.h"

#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Catalogue, EverySetIsComplete) {
  const auto sets = catalogue();
  ASSERT_GE(sets.size(), 3u);
  std::set<std::string> names;
  for (const CatalogueSet& set : sets) {
    SCOPED_TRACE(set.name);
    EXPECT_TRUE(names.insert(set.name).second);
    EXPECT_NE(set.description, "");
    EXPECT_NE(set.terms, "");
    EXPECT_NE(set.citation, "");
    EXPECT_EQ(set.train.has_value(), !set.is_synthetic() && !set.scene);
    std::set<std::string> files;
    for (const CatalogueFile& file : set.files) files.insert(file.path);
    for (const auto& split : {set.train, set.validation, set.test}) {
      if (!split) continue;
      EXPECT_TRUE(files.count(split->inputs.file) == 1 && files.count(split->labels.file) == 1);
    }
    if (set.scene && !set.is_synthetic()) {
      EXPECT_TRUE(files.count(set.scene->cube.file) == 1 &&
                  files.count(set.scene->labels.file) == 1);
    }
  }
}

TEST(Catalogue, SyntheticAndSimulatedDataSaySo) {
  EXPECT_THAT(find_set("synthetic/mixture").description, HasSubstr("synthetic"));
  EXPECT_THAT(find_set("synthetic/scene").description, HasSubstr("synthetic"));
  EXPECT_THAT(find_set("jets").description, HasSubstr("simulated jets (PYTHIA 8 + FastJet)"));
}

TEST(Catalogue, JetsHaveTheOrderOfTheirLabels) {
  const CatalogueSet jets = find_set("jets/embedded");
  EXPECT_THAT(jets.classes, ElementsAre("g", "q", "w", "z", "t"));
  ASSERT_EQ(jets.features.size(), 16u);
  EXPECT_EQ(jets.features[0], "j_zlogz");
  EXPECT_EQ(jets.features[15], "j_multiplicity");
  EXPECT_EQ(jets.train->inputs.array, "X_train");
}

TEST(Catalogue, TheEmbeddedFileHasItsHash) {
  const CatalogueFile file = find_set("jets/embedded").files.at(0);
  const auto bytes = read_file(std::string(PARE_SOURCE_DIR) + "/data/" + file.path);
  EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), file.bytes);
  EXPECT_EQ(sha256_hex(bytes), file.sha256);
}

TEST(Catalogue, UnknownNamesGetTheNearest) {
  EXPECT_THAT([] { find_set("jets/embeded"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("did you mean 'jets/embedded'?"), HasSubstr("pare data list"))));
}

TEST(Catalogue, MistakesAreNamed) {
  const auto fails = [](const char* toml, const char* message) {
    EXPECT_THAT([&] { parse_catalogue(toml, "c.toml"); },
                ThrowsMessage<InputError>(AllOf(HasSubstr("c.toml"), HasSubstr(message))));
  };
  fails("[[set]]\nnam = 'x'", "nam");
  fails("[[set]]\nclasses = ['a', 'b']", "without a name");
  fails("[[set]]\nname = 'x'\nclasses = ['a']", "two classes");
  fails("[[set]]\nname = 'x'\n[[set.file]]\npath = 'p'\nsha256 = 'ab'", "64 hexadecimal");
  fails("[[set]]\nname = 'x'\nclasses = ['a', 'b']\nscene.shape = [1, 2]", "rows, columns, bands");
  fails("[[set]]\nname = 'x'\nclasses = ['a', 'b']\nscene.shape = [1, 2, 3]", "label_numbers");
  fails("[[set]]\nname = 'x'\nscene.cube = 'p'\nscene.shape = [1, 2, 3]", "both cube and labels");
  fails("[[set]]\nname = 'x'\ntrain.inputs = 'p'", "both inputs and labels");
}

}  // namespace
}  // namespace pare::data
