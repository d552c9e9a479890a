#include "cli/report.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

namespace fristad {
namespace {

namespace fs = std::filesystem;

class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "report_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string content(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  fs::path folder_;
  std::optional<Segment> index_ = std::optional(Segment::build({}).value());
  std::unique_ptr<Known> known_ = known_of_index(*index_, "known.frseg");
};

TEST_F(ReportTest, WritesBothFormsAndEscapesForEach) {
  auto report = Report::create((folder_ / "r.csv").string(), false, *known_);
  ASSERT_TRUE(report);
  FileHash hash;
  hash.bytes = 12;
  hash.digests.emplace();
  hash.image.emplace().pdq.quality = 77;
  report->add_match("=a\xff\n", hash,
                    {.known = {.entry = 3, .distance = 5}, .digest = {}, .orientation = Orientation::rotated_90},
                    {.id = "+1", .classification = "x,y", .note = "\x1b"});
  report->add_match("b", hash, {.known = {.entry = 4}, .digest = DigestKind::md5}, {});
  report->add_error("c", {Code::damaged, "cut \"off\""});
  EXPECT_FALSE(fs::exists(folder_ / "r.jsonl"));
  ScanSummary summary;
  summary.complete = true;
  ASSERT_TRUE(report->finish(summary));
  const std::string jsonl = content("r.jsonl");
  EXPECT_TRUE(jsonl.starts_with(
      R"({"type":"match","path":"=a�\n","path_hex":"3d61ff0a","kind":"pdq","distance":5,"orientation":"rotated_90",)"
      R"("quality":77,"id":"+1","classification":"x,y","note":"\u001b","row":3,"bytes":12,"md5":"0000)"))
      << jsonl;
  EXPECT_NE(jsonl.find(R"("path":"b","kind":"md5","distance":0,"orientation":null,"quality":null,)"),
            std::string::npos);
  EXPECT_NE(jsonl.find(R"({"type":"error","path":"c","error":"cut \"off\"","error_code":"damaged"})"),
            std::string::npos);
  EXPECT_NE(jsonl.find(R"({"type":"summary","complete":true,)"), std::string::npos);
  EXPECT_NE(jsonl.find(R"(,"index":{"path":"known.frseg","rows":0,"bytes":)"), std::string::npos);
  EXPECT_EQ(content("r.csv"),
            "path,kind,distance,orientation,quality,id,classification,note,bytes,sha256\r\n"
            "\"'=a\\xff\\x0a\",pdq,5,rotated_90,77,\"'+1\",\"x,y\",\\x1b,12," +
                std::string(64, '0') + "\r\nb,md5,0,,,,,,12," + std::string(64, '0') + "\r\n");
}

class KnownWithRulings final : public Known {
 public:
  Status match_batch(std::span<const PdqHash> /*queries*/, int /*limit*/, MatchScratch& /*scratch*/,
                     KnownBatch& /*out*/) const override {
    return {};
  }
  Status find(DigestKind /*kind*/, std::span<const std::uint8_t> /*digest*/,
              std::vector<KnownMatch>& /*out*/) const override {
    return {};
  }
  Result<Entry> entry(const KnownMatch& /*match*/, EntryView& /*room*/) const override { return Entry{}; }
  void describe(JsonWriter& json) const override { json.member("node", "n"); }
  bool rules() const override { return true; }
};

TEST_F(ReportTest, TellsTheRulingOfANode) {
  const KnownWithRulings known;
  auto report = Report::create((folder_ / "r").string(), false, known);
  ASSERT_TRUE(report);
  const auto material = std::make_shared<const MaterialMatch>(
      MaterialMatch{.number = 1030, .ruling = {.level = Level::lead, .reasons = {"unclassified"}}});
  FileHash hash;
  report->add_match("a", hash, {.known = {.entry = 9, .material = material}, .digest = DigestKind::sha1}, {.id = "7"});
  ASSERT_TRUE(report->finish({}));
  const std::string jsonl = content("r.jsonl");
  EXPECT_NE(jsonl.find(R"("id":"7","classification":"","note":"","list":"00000000000000000000000000000000",)"
                       R"("entry":1030,"level":"lead","reasons":["unclassified"],"bytes":0,)"),
            std::string::npos)
      << jsonl;
  EXPECT_NE(jsonl.find(R"("node":"n","limit":)"), std::string::npos);
  EXPECT_EQ(content("r.csv"),
            "path,kind,distance,orientation,quality,id,classification,note,bytes,sha256,list,entry,level\r\n"
            "a,sha1,0,,,7,,,0,," +
                std::string(32, '0') + ",1030,lead\r\n");
}

TEST_F(ReportTest, NeverReplacesWhatAppearedMeanwhile) {
  auto report = Report::create((folder_ / "r").string(), false, *known_);
  ASSERT_TRUE(report);
  EXPECT_EQ(Report::create((folder_ / "r").string(), false, *known_).error().code, Code::already_exists);
  std::ofstream(folder_ / "r.csv") << "precious";
  EXPECT_FALSE(report->finish({}));
  EXPECT_EQ(content("r.csv"), "precious");
}

}  // namespace
}  // namespace fristad
