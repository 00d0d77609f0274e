#include "segments.h"

#include <utility>

namespace tailrace {

void Segments::push(Segment segment) {
  // A run that never sent anything leaves no trace.
  if (current_.exists() && current_.firstOut != segment.firstOut) {
    if (older_.size() == kMost - 1) older_.erase(older_.begin());
    older_.push_back(std::move(current_));
  }
  current_ = std::move(segment);
}

const Segment* Segments::find(int64_t out) const {
  if (!current_.exists()) return nullptr;
  if (current_.firstOut <= out) return &current_;
  for (size_t i = older_.size(); i-- > 0;) {
    if (older_[i].firstOut <= out) return &older_[i];
  }
  return nullptr;
}

const Segment* Segments::placeBefore(int64_t out) const {
  for (size_t i = older_.size(); i-- > 0;) {
    const Segment& segment = older_[i];
    if (!segment.sameMapping(current_)) return nullptr;
    if (segment.firstOut <= out) return &segment;
  }
  return nullptr;
}

}  // namespace tailrace
