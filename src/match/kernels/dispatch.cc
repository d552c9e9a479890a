#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>
#include <string>

#include "fristad/kernel.h"
#include "hwy/targets.h"
#include "match/kernels/kernels.h"

namespace fristad {
namespace kernels {
namespace {

struct Choice {
  std::vector<const Kernels*> available;
  std::vector<std::string> names;  // of the same, lower case
  std::atomic<const Kernels*> active;
  Status status;

  Choice() {
    const std::int64_t supported = hwy::SupportedTargets();
    for (std::size_t bit = 0; bit < enrolled().size(); ++bit) {
      if (enrolled()[bit] != nullptr && (supported >> bit & 1) != 0) available.push_back(enrolled()[bit]);
    }
    available.push_back(&scalar);
    for (const Kernels* kernels : available) {
      std::string name = kernels->name;
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      names.push_back(std::move(name));
    }
    active = available.front();
    const char* const forced = std::getenv("FRISTAD_KERNEL");
    if (forced != nullptr && *forced != '\0') status = force(forced);
  }

  Status force(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      std::string message = "there is no kernel '" + std::string(name) + "' for this processor; choose one of:";
      for (const std::string& known : names) message += ' ' + known;
      return Error{Code::invalid_argument, std::move(message)};
    }
    active = available[static_cast<std::size_t>(found - names.begin())];
    return {};
  }
};

Choice& choice() {
  static Choice choice;
  return choice;
}

}  // namespace

const Kernels& active() {
  return *choice().active.load(std::memory_order_relaxed);
}

std::span<const Kernels* const> available() {
  return choice().available;
}

void CandidateBuffer::grow(std::size_t count) {
  storage_.resize(std::max(2 * storage_.size(), size_ + count));
}

}  // namespace kernels

std::string_view kernel_name() {
  const auto& choice = kernels::choice();
  const auto found = std::ranges::find(choice.available, &kernels::active());
  return choice.names[static_cast<std::size_t>(found - choice.available.begin())];
}

std::vector<std::string_view> kernel_names() {
  const auto& names = kernels::choice().names;
  return {names.begin(), names.end()};
}

Status kernel_force(std::string_view name) {
  return kernels::choice().force(name);
}

Status kernel_check() {
  return kernels::choice().status;
}

}  // namespace fristad
