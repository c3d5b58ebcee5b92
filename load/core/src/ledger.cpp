#include <phx/load/ledger.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <limits>

namespace phx::load {
namespace {

std::uint64_t overlap(std::uint32_t from, std::uint32_t to, SeqRange range) noexcept {
  const std::uint32_t a = std::max(from, range.from), b = std::min(to, range.to);
  return a > b ? 0 : std::uint64_t{b} - a + 1;
}

std::uint64_t length(std::uint32_t from, std::uint32_t to) noexcept { return from > to ? 0 : std::uint64_t{to} - from + 1; }

std::int64_t handled_at(const StreamLog& log, std::size_t i) {
  return log.confirmed[i] == 0 ? std::numeric_limits<std::int64_t>::max() : log.sent[i] + std::int64_t{log.confirmed[i]} * 1000;
}

/// The messages of a stream that are owed to a member for certain, voids aside.
SeqRange owed(const StreamLog& log, const Membership& m, const Receipt* receipt) {
  const auto first = std::lower_bound(log.sent.begin(), log.sent.end(), m.joined) - log.sent.begin();
  auto last = static_cast<std::int64_t>(log.sent.size());
  if (m.end == Membership::End::lost) last = receipt != nullptr ? receipt->last : 0;
  if (m.end == Membership::End::left) {
    last = std::upper_bound(log.sent.begin(), log.sent.end(), m.ended) - log.sent.begin();
    while (last > first && handled_at(log, static_cast<std::size_t>(last - 1)) > m.ended) --last;
  }
  return {static_cast<std::uint32_t>(first) + 1, static_cast<std::uint32_t>(last)};
}

/// Adds what one member should have got of one stream.
void settle(const StreamLog& log, const Membership& m, const Receipt* receipt, Deliveries& out) {
  const SeqRange certain = owed(log, m, receipt);
  constexpr std::uint32_t end = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t received = receipt != nullptr ? receipt->within(0, end) : 0;
  const std::uint64_t of_those = receipt != nullptr ? receipt->within(certain.from, certain.to) : 0;
  std::uint64_t lost = length(certain.from, certain.to) - of_those;
  for (const SeqRange& v : log.voids) {
    const std::uint32_t a = std::max(v.from, certain.from), b = std::min(v.to, certain.to);
    const std::uint64_t unsure = length(a, b) - (receipt != nullptr && a <= b ? receipt->within(a, b) : 0);
    lost -= unsure;
    out.uncertain += unsure;
  }
  out.received += received;
  out.expected += received + lost;
  out.lost += lost;
  out.uncertain += received - of_those;
}

void add_missing(std::vector<SeqRange>& missing, SeqRange range) {
  if (range.from <= range.to) missing.push_back(range);
}

/// Takes `seq` out of the missing ones; false when it was not missing.
bool take_missing(std::vector<SeqRange>& missing, std::uint32_t seq) {
  const auto at = std::find_if(missing.begin(), missing.end(), [&](const SeqRange& r) { return r.from <= seq && seq <= r.to; });
  if (at == missing.end()) return false;
  const SeqRange left{at->from, seq - 1}, right{seq + 1, at->to};
  missing.erase(at);
  add_missing(missing, left);
  add_missing(missing, right);
  return true;
}

Json ranges_json(const std::vector<SeqRange>& ranges) {
  Json out = Json::array();
  for (const auto& r : ranges) {
    out.push_back(r.from);
    out.push_back(r.to);
  }
  return out;
}

std::vector<SeqRange> ranges_from(const Json& json) {
  std::vector<SeqRange> out;
  for (std::size_t i = 0; i + 1 < json.size(); i += 2)
    out.push_back({json.at(i).get<std::uint32_t>(), json.at(i + 1).get<std::uint32_t>()});
  return out;
}

Json stream_json(const StreamLog& log, std::int64_t zero) {
  Json sent = Json::array();
  std::int64_t before = zero;
  for (const std::int64_t at : log.sent) {  // differences are short
    sent.push_back(at - before);
    before = at;
  }
  return obj("user", log.user, "topic", log.topic, "sent", std::move(sent), "confirmed", log.confirmed, "voids", ranges_json(log.voids));
}

StreamLog stream_from(const Json& json) {
  StreamLog log;
  log.user = json.at("user").get<std::uint32_t>();
  log.topic = json.at("topic").get<std::string>();
  std::int64_t at = 0;
  for (const Json& step : json.at("sent")) log.sent.push_back(at += step.get<std::int64_t>());
  log.confirmed = json.at("confirmed").get<std::vector<std::uint32_t>>();
  log.voids = ranges_from(json.at("voids"));
  if (log.confirmed.size() != log.sent.size()) throw std::invalid_argument("a stream's lists differ in length");
  return log;
}

Json membership_json(const Membership& m, std::int64_t zero) {
  Json receipts = Json::array();
  for (const Receipt& r : m.receipts) receipts.push_back(Json::array({r.user, r.first, r.last, ranges_json(r.missing)}));
  return Json::array({m.topic, m.joined - zero, m.ended - zero, static_cast<int>(m.end), std::move(receipts)});
}

Membership membership_from(const Json& json) {
  const int end = json.at(3).get<int>();
  if (end < 0 || end > 2) throw std::invalid_argument("no such end of a membership");
  Membership m{
      json.at(0).get<std::string>(), json.at(1).get<std::int64_t>(), json.at(2).get<std::int64_t>(), static_cast<Membership::End>(end), {}};
  for (const Json& r : json.at(4))
    m.receipts.push_back({r.at(0).get<std::uint32_t>(), r.at(1).get<std::uint32_t>(), r.at(2).get<std::uint32_t>(), ranges_from(r.at(3))});
  return m;
}

}  // namespace

void StreamLog::confirm(std::uint32_t seq, std::int64_t at) noexcept {
  if (seq == 0 || seq > sent.size() || confirmed[seq - 1] != 0) return;
  confirmed[seq - 1] =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>((at - sent[seq - 1]) / 1000 + 1, 1, std::numeric_limits<std::uint32_t>::max()));
}

void StreamLog::void_unconfirmed() {
  const std::uint32_t done = voids.empty() ? 0 : voids.back().to;
  auto from = static_cast<std::uint32_t>(sent.size());
  while (from > done && confirmed[from - 1] == 0) --from;
  if (from < sent.size()) voids.push_back({from + 1, static_cast<std::uint32_t>(sent.size())});
}

std::uint64_t Receipt::within(std::uint32_t from, std::uint32_t to) const noexcept {
  std::uint64_t out = overlap(from, to, {first, last});
  for (const SeqRange& gap : missing) out -= overlap(from, to, gap);
  return out;
}

Arrival Receipts::arrived(std::uint32_t user, std::uint32_t seq) {
  std::size_t at = hint_;
  std::size_t looked = 0;
  for (; looked < list_.size(); ++looked, ++at) {
    if (at >= list_.size()) at = 0;
    if (list_[at].user == user) break;
  }
  if (looked == list_.size()) {
    list_.push_back({user, seq, seq, {}});
    return Arrival::in_order;
  }
  hint_ = at + 1;
  Receipt& r = list_[at];
  if (seq == r.last + 1) {
    r.last = seq;
    return Arrival::in_order;
  }
  if (seq > r.last) {
    r.missing.push_back({r.last + 1, seq - 1});
    r.last = seq;
    return Arrival::in_order;
  }
  if (seq < r.first) {
    add_missing(r.missing, {seq + 1, r.first - 1});
    r.first = seq;
    return Arrival::out_of_order;
  }
  return take_missing(r.missing, seq) ? Arrival::out_of_order : Arrival::duplicate;
}

void Deliveries::add(const Deliveries& other) noexcept {
  expected += other.expected;
  received += other.received;
  lost += other.lost;
  duplicate += other.duplicate;
  out_of_order += other.out_of_order;
  late += other.late;
  uncertain += other.uncertain;
}

Json Deliveries::to_json() const {
  return obj("expected", expected, "received", received, "lost", lost, "duplicate", duplicate, "out_of_order", out_of_order, "late", late,
             "uncertain", uncertain);
}

void Ledger::merge(Ledger&& other) {
  std::move(other.streams.begin(), other.streams.end(), std::back_inserter(streams));
  std::move(other.memberships.begin(), other.memberships.end(), std::back_inserter(memberships));
  for (const auto& [topic, counts] : other.seen) seen[topic].add(counts);
}

std::map<std::string, Deliveries> Ledger::reconcile() const {
  std::map<std::string, Deliveries> out = seen;
  std::map<std::string, std::vector<const StreamLog*>> by_topic;
  for (const StreamLog& log : streams)
    if (!log.sent.empty()) by_topic[log.topic].push_back(&log);
  for (const Membership& m : memberships) {
    const auto logs = by_topic.find(m.topic);
    if (logs == by_topic.end()) continue;
    std::map<std::uint32_t, const Receipt*> receipts;
    for (const Receipt& r : m.receipts) receipts[r.user] = &r;
    Deliveries& topic = out[m.topic];
    for (const StreamLog* log : logs->second) {
      const auto r = receipts.find(log->user);
      settle(*log, m, r == receipts.end() ? nullptr : r->second, topic);
    }
  }
  return out;
}

Json Ledger::to_json(std::int64_t zero_ns) const {
  Json logs = Json::array(), members = Json::array(), counts = Json::object();
  for (const StreamLog& log : streams) logs.push_back(stream_json(log, zero_ns));
  for (const Membership& m : memberships) members.push_back(membership_json(m, zero_ns));
  for (const auto& [topic, d] : seen) counts[topic] = Json::array({d.duplicate, d.out_of_order, d.late, d.expected, d.received, d.lost});
  return obj("streams", std::move(logs), "memberships", std::move(members), "seen", std::move(counts));
}

Result<Ledger> Ledger::from_json(const Json& json) {
  Ledger out;
  try {
    for (const Json& log : json.at("streams")) out.streams.push_back(stream_from(log));
    for (const Json& m : json.at("memberships")) out.memberships.push_back(membership_from(m));
    for (const auto& [topic, d] : json.at("seen").items()) {
      Deliveries& counts = out.seen[topic];
      counts.duplicate = d.at(0).get<std::uint64_t>();
      counts.out_of_order = d.at(1).get<std::uint64_t>();
      counts.late = d.at(2).get<std::uint64_t>();
      if (d.size() == 3) continue;  // of an earlier version
      counts.expected = d.at(3).get<std::uint64_t>();
      counts.received = d.at(4).get<std::uint64_t>();
      counts.lost = d.at(5).get<std::uint64_t>();
    }
  } catch (const std::exception&) { return failure(Errc::bad_json); }
  return out;
}

}  // namespace phx::load
