#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <thread>

#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/statement.h"
#include "node/node_impl.h"
#include "store/migrations.h"

namespace fristad {
namespace {

constexpr std::uint64_t free_bytes_min = std::uint64_t{1} << 30;

class Examination {
 public:
  Examination(const NodeOpen& open, const NodeSeams& seams, bool deep) : open_(open), seams_(seams), deep_(deep) {}

  std::vector<Finding> run() && {
    const auto settings = read_settings(open_.folder);
    if (!settings) {
      bad(settings.error().message, "check the path of the folder");
      return std::move(findings_);
    }
    good("node.json says this is a node of \"" + settings->member + "\"");
    check_rights(open_.folder, "the node's folder");
    check_rights(open_.folder + "/keys.sealed", "keys.sealed");
    check_rights(open_.folder + "/node.json", "node.json");
    check_room();
    check_statements(*settings);
    check_credential(*settings);
    check_backups();
    check_node();
    return std::move(findings_);
  }

 private:
  void good(std::string what) { findings_.push_back({Finding::State::good, std::move(what)}); }
  void warn(std::string what, std::string todo) {
    findings_.push_back({Finding::State::warning, std::move(what), std::move(todo)});
  }
  void bad(std::string what, std::string todo) {
    findings_.push_back({Finding::State::bad, std::move(what), std::move(todo)});
  }

  void check_rights(const std::string& path, const std::string& what) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      bad(what + " isn't there", "restore a backup");
    } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      bad(what + " can be opened by others than its owner", "chmod go= " + path);
    } else {
      good(what + " can be opened by its owner alone");
    }
  }

  void check_room() {
    struct statvfs status {};
    if (statvfs(open_.folder.c_str(), &status) != 0) return;
    const std::uint64_t room = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
    const std::string text = std::to_string(room >> 30) + " GiB are free where the folder lies";
    if (room < free_bytes_min) {
      warn(text, "make room: a full disk stops all recording");
    } else {
      good(text);
    }
  }

  void check_statements(const NodeSettings& settings) {
    for (const std::string& statement : settings.statements) {
      if (const auto verified = verify_statement(statement, settings.root_key); !verified) {
        return bad("a statement of the root key about the node's keys is wrong", "restore node.json from a backup");
      }
    }
    good("the root key has signed for the node's " + std::to_string(settings.statements.size()) + " keys");
  }

  void check_credential(const NodeSettings& settings) {
    const auto credential = read_credential(settings, open_, seams_);
    if (!credential) return bad(credential.error().message, "say where it is: --key-file");
    good("the key file can be read, and lies outside of the folder");
    if (const auto keys = read_node_keys(open_.folder + "/keys.sealed", *credential); !keys) {
      bad(keys.error().message, "use the right key file");
    } else {
      good("the key file opens the node's keys");
    }
  }

  void check_backups() {
    const auto listed = read_file(open_.folder + "/backups", std::size_t{1} << 20);
    if (!listed) return warn("no backup was ever made", "fristad backup; keep it elsewhere");
    std::size_t from = 0;
    std::size_t count = 0;
    std::string last;
    for (std::size_t end; (end = listed->find('\n', from)) != std::string::npos; from = end + 1) {
      last = listed->substr(from, end - from);
      ++count;
    }
    std::error_code error;
    if (!std::filesystem::exists(last + ".erasures", error)) {
      warn("beside the last backup there is no file of erasures any more",
           "restore it with --erasures " + open_.folder + "/erasures");
    } else {
      good(std::to_string(count) + " backups were made");
    }
  }

  void check_node() {
    const auto node = Node::open(open_, seams_);
    if (!node) {
      if (node.error().code == Code::conflict) {
        return warn("the node runs in another process: records and index weren't looked at",
                    "fristad log verify --all looks at the records meanwhile; for all of it stop the server first");
      }
      return bad(node.error().message, "see above; otherwise restore a backup");
    }
    good("the store opens, and the logs end where they say");
    std::error_code error;
    if (std::filesystem::exists(open_.folder + "/erasing", error)) {
      warn("what was erased isn't out of all files yet", "end what else reads the database, then run this again");
    }
    if ((*node)->material().index_info().merge_error) {
      warn((*node)->material().index_info().merge_error->message, "give the node more memory");
    } else {
      good(std::to_string((*node)->material().index_info().entries) + " entries are in the match index");
    }
    examine_logs(**node);
    if (deep_) examine_views(**node);
  }

  void examine_logs(Node& node) {
    for (const std::uint32_t log : {shared_log, private_log}) {
      const std::string name = log == shared_log ? "the shared log" : "the private log";
      const VerifyOptions options{.signatures = deep_,
                                  .payloads = deep_,
                                  .threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u)),
                                  .folder = node.log_folder(log)};
      const auto report = node.journal().verify(log, options);
      if (!report) {
        bad(report.error().message, "restore a backup");
      } else if (!report->good()) {
        bad(name + ": " + report->problems.front(), "keep a copy for evidence, then restore a backup");
      } else {
        good(name + " has " + std::to_string(report->records) + " records" +
             (deep_ ? ", each as it was signed" : " in one tree"));
      }
    }
  }

  void examine_views(Node& node) {
    const auto wrong = node.journal().wrong_views();
    if (!wrong) return bad(wrong.error().message, "restore a backup");
    for (const std::string& table : *wrong) {
      bad("the table " + table + " isn't what the records say", "fristad rebuild");
    }
    if (wrong->empty()) good("the tables are what the records say");
    const auto indexed = node.material().index_info().entries;
    const auto expected = node.material().entries_to_find();
    if (!expected) return bad(expected.error().message, "restore a backup");
    if (indexed == *expected) return good("every entry that may match is in the match index");
    bad("the match index has " + std::to_string(indexed) + " entries, and should have " + std::to_string(*expected),
        "remove " + open_.folder + "/index: it is built anew at the next start");
  }

  const NodeOpen& open_;
  const NodeSeams& seams_;
  const bool deep_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_node(const NodeOpen& open, const NodeSeams& seams, bool deep) {
  return Examination(open, seams, deep).run();
}

}  // namespace fristad
