#include <phx/scenario/capture_connection.hpp>

#include "percent.hpp"

namespace phx::scenario {

namespace {

constexpr std::string_view transports[] = {"websocket", "longpoll"};

void read_query(std::string_view query, CaptureConnection& out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = form_decoded(pair.substr(0, equals));
    std::string value = form_decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (name == "vsn")
      out.vsn = std::move(value);
    else if (!name.empty())
      out.params.emplace_back(std::move(name), std::move(value));
  }
}

/// `base` says what the URL does not.
CaptureConnection read_url(std::string_view url, const CaptureConnection& base) {
  CaptureConnection out = base;
  const std::size_t question = std::min(url.find('?'), url.size());
  std::string_view place = url.substr(0, question);
  for (const std::string_view transport : transports) {
    if (!place.ends_with("/" + std::string(transport))) continue;
    place.remove_suffix(transport.size() + 1);
    out.transport = transport;
    out.vsn = "1.0.0";
  }
  out.url = place;
  read_query(url.substr(std::min(question + 1, url.size())), out);
  return out;
}

std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return std::string(url.substr(0, url.find_first_of("/?", scheme == std::string_view::npos ? 0 : scheme + 3)));
}

bool is_longpoll(const CaptureEvent& e) {
  return e.kind == CaptureKind::http && e.direction == Direction::to_server &&
         std::string_view(e.path).substr(0, e.path.find('?')).ends_with("/longpoll");
}

}  // namespace

CaptureConnections::CaptureConnections(const Capture& capture) {
  if (!capture.header.transport.empty()) header_.transport = capture.header.transport;
  if (!capture.header.vsn.empty()) header_.vsn = capture.header.vsn;
  const CaptureConnection base = header_;
  header_ = read_url(capture.header.url, base);
  header_.vsn = base.vsn;  // the header says it itself
  for (const CaptureEvent& e : capture.events) {
    const bool opens = e.kind == CaptureKind::open;
    if ((!opens && !is_longpoll(e)) || known_.contains(e.c)) continue;
    const std::string url = opens ? e.text : e.path.starts_with('/') ? origin_of(capture.header.url) + e.path : e.path;
    known_.emplace(e.c, read_url(url, base));
  }
}

const CaptureConnection& CaptureConnections::of(std::uint64_t c) const {
  const auto known = known_.find(c);
  return known == known_.end() ? header_ : known->second;
}

}  // namespace phx::scenario
