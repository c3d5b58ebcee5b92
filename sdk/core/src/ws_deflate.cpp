#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/utf8.hpp>

#include <algorithm>

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

namespace phx::core::ws {
namespace {

namespace zlib = boost::beast::zlib;

constexpr int level = 6, memory_level = 8;  // zlib's own

/// What a sync flush ends with and the wire leaves out (RFC 7692 7.2.1).
constexpr std::string_view tail("\0\0\xff\xff", 4);

/// Buffers above it are given back, so that one large message does not stay for ever.
constexpr std::size_t kept_capacity = 256 * 1024;

/// zlib's status word after inflating: stopped between two blocks, and how many bits of the last byte are unused.
constexpr int between_blocks = 128, unused_bits = 63;

}  // namespace

// ---- MessageDeflater ----

/// For a window of 8 bits Beast's deflater works with 9, as zlib's does. Its references reach back 2^9 - 262 = 250 bytes at most,
/// so that a peer with 256 bytes can follow them.
struct MessageDeflater::Impl {
  zlib::deflate_stream stream;
  std::uint8_t bits = 0;
};

MessageDeflater::MessageDeflater(std::uint8_t window_bits) : impl_(std::make_unique<Impl>()) { forget(window_bits); }
MessageDeflater::~MessageDeflater() = default;
MessageDeflater::MessageDeflater(MessageDeflater&&) noexcept = default;
MessageDeflater& MessageDeflater::operator=(MessageDeflater&&) noexcept = default;

void MessageDeflater::forget(std::uint8_t window_bits) {
  impl_->stream.reset(level, window_bits, memory_level, zlib::Strategy::normal);
  impl_->bits = window_bits;
}

void MessageDeflater::deflate(std::string_view message, std::string& out) {
  if (message.empty()) return out.push_back('\0');  // an empty stored block; a second flush in a row would give nothing (7.2.3.6)
  const std::size_t begin = out.size();
  zlib::z_params zs;
  zs.next_in = message.data();
  zs.avail_in = message.size();
  do {
    const std::size_t done = begin + zs.total_out;
    out.resize(done + zlib::deflate_upper_bound(zs.avail_in) + 16);
    zs.next_out = out.data() + done;
    zs.avail_out = out.size() - done;
    boost::system::error_code ec;
    impl_->stream.write(zs, zlib::Flush::sync, ec);  // need_buffers: nothing was left to flush
  } while (zs.avail_out == 0);
  out.resize(begin + zs.total_out - tail.size());
}

// ---- MessageInflater ----

struct MessageInflater::Impl {
  enum class Step : std::uint8_t { starved, ended, full, broken };

  /// Inflates until the input or the limit is used up, or the stream has ended.
  Step run(zlib::z_params& zs, zlib::Flush flush) {
    for (;;) {
      if (zs.avail_out == 0 && !grow(zs)) return Step::full;
      boost::system::error_code ec;
      stream.write(zs, flush, ec);
      if (ec == zlib::error::end_of_stream) return Step::ended;
      if (ec && ec != zlib::error::need_buffers) return Step::broken;
      if (zs.avail_in == 0 && zs.avail_out != 0) return Step::starved;
      if (ec && zs.avail_out != 0) return Step::broken;  // input left, room left, no progress
    }
  }

  bool grow(zlib::z_params& zs) {
    const std::size_t made = out->size() - begin;
    if (made > max_bytes) return false;
    const std::size_t room = std::min(std::max<std::size_t>(made, 512), max_bytes + 1 - made);
    out->resize(out->size() + room);
    zs.next_out = out->data() + begin + made;
    zs.avail_out = room;
    return true;
  }

  Result<void> message(std::string_view payload) {
    zlib::z_params zs;
    zs.next_in = payload.data();
    zs.avail_in = payload.size();
    zs.avail_out = 0;
    bool fresh = false;  // the last final block ended with the payload: no tail belongs to it
    while (zs.avail_in != 0) {
      const Step step = run(zs, zlib::Flush::sync);
      if (step == Step::full) return failure(Errc::message_too_large);
      if (step == Step::broken) return failure(Errc::bad_deflate);
      fresh = step == Step::ended && zs.avail_in == 0;
      if (step == Step::ended) stream.reset(bits);
    }
    if (!fresh && !end(zs)) return failure(Errc::bad_deflate);
    out->resize(out->size() - zs.avail_out);
    if (out->size() - begin > max_bytes) return failure(Errc::message_too_large);
    return {};
  }

  /// The tail must close an empty stored block, else the payload ended inside of one.
  bool end(zlib::z_params& zs) {
    zs.next_in = tail.data();
    zs.avail_in = tail.size();
    const Step step = run(zs, zlib::Flush::block);
    return step == Step::starved && (zs.data_type & between_blocks) != 0 && (zs.data_type & unused_bits) == 0;
  }

  zlib::inflate_stream stream;
  int bits;
  std::string* out = nullptr;  // of the message in work, as the next two
  std::size_t begin = 0, max_bytes = 0;
};

/// A window of 8 bits is 9 here: peers that cannot do 8 exist (zlib's deflater), and 9 reads both.
MessageInflater::MessageInflater(std::uint8_t window_bits) : impl_(std::make_unique<Impl>()) {
  impl_->bits = std::max<int>(window_bits, 9);
  impl_->stream.reset(impl_->bits);
}
MessageInflater::~MessageInflater() = default;
MessageInflater::MessageInflater(MessageInflater&&) noexcept = default;
MessageInflater& MessageInflater::operator=(MessageInflater&&) noexcept = default;

void MessageInflater::forget() noexcept { impl_->stream.reset(impl_->bits); }

Result<void> MessageInflater::inflate(std::string_view payload, std::size_t max_bytes, std::string& out) {
  impl_->out = &out;
  impl_->begin = out.size();
  impl_->max_bytes = max_bytes;
  if (payload.empty()) return {};  // some deflaters give nothing for an empty message
  return impl_->message(payload);
}

// ---- DeflateContext ----

MessageDeflater& DeflateContext::fresh_deflater(std::uint8_t window_bits) {
  if (deflater_)
    deflater_->forget(window_bits);
  else
    deflater_.emplace(window_bits);
  return *deflater_;
}

MessageInflater& DeflateContext::fresh_inflater() {
  if (inflater_)
    inflater_->forget();
  else
    inflater_.emplace();
  return *inflater_;
}

std::string& DeflateContext::emptied(std::string& buffer) noexcept {
  if (buffer.capacity() > kept_capacity) std::string().swap(buffer);
  buffer.clear();
  return buffer;
}

// ---- PerMessageDeflate ----

PerMessageDeflate::PerMessageDeflate(Role role, const DeflateParams& params, DeflateContext& shared, const DeflateLimits& limits)
    : shared_(&shared), max_ratio_(limits.max_ratio) {
  const bool is_server = role == Role::server;
  outgoing_bits_ = is_server ? params.server_max_window_bits : params.client_max_window_bits;
  incoming_bits_ = is_server ? params.client_max_window_bits : params.server_max_window_bits;
  keeps_outgoing_ = limits.context_takeover && !(is_server ? params.server_no_context_takeover : params.client_no_context_takeover);
  keeps_incoming_ = !(is_server ? params.client_no_context_takeover : params.server_no_context_takeover);
}

std::string_view PerMessageDeflate::deflate(std::string_view message) {
  std::string& out = shared_->deflated();
  if (keeps_outgoing_ && !deflater_) deflater_.emplace(outgoing_bits_);
  MessageDeflater& deflater = keeps_outgoing_ ? *deflater_ : shared_->fresh_deflater(outgoing_bits_);
  deflater.deflate(message, out);
  return out;
}

Result<std::string_view> PerMessageDeflate::inflate(Opcode op, std::string_view payload, std::size_t max_bytes) {
  std::string& out = shared_->inflated();
  if (keeps_incoming_ && !inflater_) inflater_.emplace(incoming_bits_);
  MessageInflater& inflater = keeps_incoming_ ? *inflater_ : shared_->fresh_inflater();
  if (max_ratio_ != 0) max_bytes = std::min(max_bytes, payload.size() * max_ratio_);
  if (const auto done = inflater.inflate(payload, max_bytes, out); !done) return tl::unexpected(done.error());
  if (op == Opcode::text && !Utf8Checker::check(out)) return failure(Errc::invalid_utf8);
  return std::string_view(out);
}

}  // namespace phx::core::ws
