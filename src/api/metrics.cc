#include "api/metrics.h"

#include <algorithm>

namespace fristad {
namespace {

void head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
  out.append(type).append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(std::to_string(value)).append("\n");
}

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  head(out, name, help, "counter");
  sample(out, name, "", value);
}

std::string seconds(std::int64_t us) {
  std::string text = std::to_string(us / 1'000'000);
  const std::string rest = std::to_string(1'000'000 + us % 1'000'000).substr(1);
  text += "." + rest;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string Metrics::key_of(Method method, std::string_view pattern) {
  return std::string(to_text(method)) + " " + std::string(pattern);
}

void Metrics::add_route(Method method, std::string_view pattern) {
  Route& route = routes_.emplace_back();
  route.labels = "method=\"" + std::string(to_text(method)) + "\",route=\"" + std::string(pattern) + "\"";
  by_pattern_[key_of(method, pattern)] = &route;
}

void Metrics::done(const HttpEvent& event) {
  const auto found = by_pattern_.find(key_of(event.method == Method::head ? Method::get : event.method, event.route));
  Route& route = found == by_pattern_.end() ? routes_.front() : *found->second;
  const std::size_t status_class =
      event.status == 499 ? 0 : static_cast<std::size_t>(std::clamp(event.status / 100, 1, 5));
  route.by_class.at(status_class).fetch_add(1, std::memory_order_relaxed);
  const auto bucket = std::ranges::lower_bound(bounds_us, event.duration_us) - bounds_us.begin();
  route.by_duration.at(static_cast<std::size_t>(bucket)).fetch_add(1, std::memory_order_relaxed);
  route.duration_us.fetch_add(static_cast<std::uint64_t>(event.duration_us), std::memory_order_relaxed);
  route.count.fetch_add(1, std::memory_order_relaxed);
}

void Metrics::write(std::string& out) const {
  static constexpr std::array<std::string_view, 6> classes{"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};
  head(out, "fristad_http_requests_total", "Requests answered, by route and class of status", "counter");
  for (const Route& route : routes_) {
    const std::string labels = route.labels.empty() ? "method=\"\",route=\"\"" : route.labels;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const std::uint64_t count = route.by_class.at(i).load(std::memory_order_relaxed);
      if (count == 0) continue;
      sample(out, "fristad_http_requests_total", labels + ",status=\"" + std::string(classes.at(i)) + "\"", count);
    }
  }
  head(out, "fristad_http_request_seconds", "How long requests took, by route", "histogram");
  for (const Route& route : routes_) {
    const std::uint64_t count = route.count.load(std::memory_order_relaxed);
    if (count == 0 || route.labels.empty()) continue;
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < bounds_us.size(); ++i) {
      up_to += route.by_duration.at(i).load(std::memory_order_relaxed);
      sample(out, "fristad_http_request_seconds_bucket", route.labels + ",le=\"" + seconds(bounds_us.at(i)) + "\"",
             up_to);
    }
    up_to += route.by_duration.back().load(std::memory_order_relaxed);
    sample(out, "fristad_http_request_seconds_bucket", route.labels + ",le=\"+Inf\"", up_to);
    out += "fristad_http_request_seconds_sum{" + route.labels + "} " +
           seconds(static_cast<std::int64_t>(route.duration_us.load(std::memory_order_relaxed))) + "\n";
    sample(out, "fristad_http_request_seconds_count", route.labels, up_to);
  }
  counter(out, "fristad_match_queries_total", "Hashes asked about", queries);
  counter(out, "fristad_match_queries_matched_total", "Hashes asked about that had a match", queries_matched);
  counter(out, "fristad_images_hashed_total", "Images uploaded and hashed", images_hashed);
  counter(out, "fristad_images_failed_total", "Images uploaded that could not be hashed", images_failed);
  counter(out, "fristad_throttled_total", "Requests refused for a quota", throttled);
  counter(out, "fristad_probing_closed_total", "Neighbourhoods of a match closed to a token that felt its way",
          probing_closed);
  counter(out, "fristad_probing_refused_total", "Questions refused in such a neighbourhood", probing_refused);
  counter(out, "fristad_sign_ins_total", "Sign-ins that were completed", sign_ins);
  counter(out, "fristad_sign_ins_refused_total", "Sign-ins refused", sign_ins_refused);
  counter(out, "fristad_hma_shadow_same_total", "Answers that were those of the HMA in front", shadow_same);
  counter(out, "fristad_hma_shadow_more_total", "Answers with matches that the HMA in front lacked", shadow_more);
  counter(out, "fristad_hma_shadow_fewer_total", "Answers that lacked matches of the HMA in front", shadow_fewer);
  counter(out, "fristad_hma_shadow_failed_total", "Answers that could not be compared", shadow_failed);
}

void write_gauge(std::string& out, std::string_view name, std::string_view help, std::int64_t value) {
  head(out, name, help, "gauge");
  out.append(name).append(" ").append(std::to_string(value)).append("\n");
}

}  // namespace fristad
