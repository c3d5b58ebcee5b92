#include <phx/server/outbox.hpp>

#include <algorithm>

namespace phx::server {

namespace {

/// True: it continues the last slice and became part of it.
bool append(std::vector<Slice>& slices, const ChunkRef& chunk, std::uint32_t begin, std::uint32_t end) {
  if (!slices.empty() && slices.back().end == begin && slices.back().chunk.get() == chunk.get()) {
    slices.back().end = end;
    return true;
  }
  slices.push_back({chunk, begin, end});
  return false;
}

}  // namespace

Outbox::~Outbox() {
  if (is_dirty_) std::erase(dirty_->outboxes, this);
}

void Outbox::push(const ChunkRef& chunk, std::uint32_t begin, std::uint32_t end) {
  if (!held_) return push_ahead(chunk, begin, end);
  append(*held_, chunk, begin, end);
  held_bytes_ += end - begin;
  mark_dirty();  // its owner counts
}

void Outbox::push_ahead(const ChunkRef& chunk, std::uint32_t begin, std::uint32_t end) {
  if (append(slices_, chunk, begin, end)) ++dirty_->merged;
  bytes_ += end - begin;
  if (tap_ != nullptr) tap_->on_queued(std::string_view(chunk->bytes).substr(begin, end - begin));
  mark_dirty();
}

void Outbox::hold() {
  if (!held_) held_ = std::make_unique<std::vector<Slice>>();
}

void Outbox::release() {
  if (!held_) return;
  const auto held = std::exchange(held_, nullptr);
  held_bytes_ = 0;
  for (const Slice& slice : *held) push_ahead(slice.chunk, slice.begin, slice.end);
}

void Outbox::mark_dirty() {
  if (is_dirty_) return;
  is_dirty_ = true;
  dirty_->outboxes.push_back(this);
}

void Outbox::consume(std::size_t n) {
  bytes_ -= n;
  std::size_t whole = 0;
  while (whole < slices_.size() && n >= slices_[whole].view().size()) n -= slices_[whole++].view().size();
  if (whole == slices_.size()) {
    std::vector<Slice>().swap(slices_);
    return;
  }
  slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(whole));
  slices_.front().begin += static_cast<std::uint32_t>(n);
}

}  // namespace phx::server
