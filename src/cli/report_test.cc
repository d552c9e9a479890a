#include "cli/report.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

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
};

TEST_F(ReportTest, WritesBothFormsAndEscapesForEach) {
  auto report = Report::create((folder_ / "r.csv").string(), false);
  ASSERT_TRUE(report);
  FileHash hash;
  hash.bytes = 12;
  hash.digests.emplace();
  hash.image.emplace().pdq.quality = 77;
  report->add_match("=a\xff\n", hash, {.row = 3, .digest = {}, .distance = 5, .orientation = Orientation::rotated_90},
                    {.id = "+1", .classification = "x,y", .note = "\x1b"});
  report->add_match("b", hash, {.row = 4, .digest = DigestKind::md5}, {});
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
  EXPECT_EQ(content("r.csv"),
            "path,kind,distance,orientation,quality,id,classification,note,bytes,sha256\r\n"
            "\"'=a\\xff\\x0a\",pdq,5,rotated_90,77,\"'+1\",\"x,y\",\\x1b,12," +
                std::string(64, '0') + "\r\nb,md5,0,,,,,,12," + std::string(64, '0') + "\r\n");
}

TEST_F(ReportTest, NeverReplacesWhatAppearedMeanwhile) {
  auto report = Report::create((folder_ / "r").string(), false);
  ASSERT_TRUE(report);
  EXPECT_EQ(Report::create((folder_ / "r").string(), false).error().code, Code::already_exists);
  std::ofstream(folder_ / "r.csv") << "precious";
  EXPECT_FALSE(report->finish({}));
  EXPECT_EQ(content("r.csv"), "precious");
}

}  // namespace
}  // namespace fristad
