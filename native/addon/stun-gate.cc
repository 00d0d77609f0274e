#include "stun-gate.h"

#include <string_view>
#include <utility>

#include "bytes.h"

namespace tailrace {

namespace {

constexpr size_t kHeader = 20;
constexpr size_t kLongestMessage = 1280;
constexpr uint16_t kBindingRequest = 0x0001;
constexpr uint32_t kMagicCookie = 0x2112'a442;
constexpr uint16_t kUsername = 0x0006;
constexpr uint16_t kMessageIntegrity = 0x0008;

/** Of one session: a browser checks a pair every 50 ms, and repeats what is not answered. */
constexpr Rate kChecks{25, 100};
/** Of one path: a handshake is ten datagrams, its repeats included thirty. */
constexpr Rate kRecords{50, 100};
/** Of all that have no keys yet: JavaScript takes 60 µs for a check. */
constexpr Rate kStrangers{3000, 6000};
/** How long a path stays answered at least, in ms, unless there are too many of them. */
constexpr double kAnsweredTime = 20'000;
constexpr size_t kMaxPaths = 8192;

struct Check {
  /** Ours: what stands before the colon of USERNAME. */
  std::string_view ufrag;
  size_t integrityAt;
};

/** Reads what is needed of a binding request, and nothing behind its integrity. */
std::optional<Check> readCheck(const uint8_t* datagram, size_t length) {
  if (length < kHeader || length > kLongestMessage || read16(datagram) != kBindingRequest ||
      read32(datagram + 4) != kMagicCookie || kHeader + read16(datagram + 2) != length) {
    return std::nullopt;
  }
  std::optional<std::string_view> username;
  size_t at = kHeader;
  while (at + 4 <= length) {
    const uint16_t type = read16(datagram + at);
    const size_t size = read16(datagram + at + 2);
    if (size > length - at - 4) return std::nullopt;
    if (type == kUsername && !username) {
      username.emplace(reinterpret_cast<const char*>(datagram + at + 4), size);
    } else if (type == kMessageIntegrity) {
      if (size != kSha1Length || !username) return std::nullopt;
      const size_t colon = username->find(':');
      if (colon == std::string_view::npos) return std::nullopt;
      return Check{username->substr(0, colon), at};
    }
    at += 4 + ((size + 3) & ~size_t{3});
  }
  return std::nullopt;
}

/** RFC 8489 §14.5: the length in the header is as if the message ended with its integrity. */
bool isAuthentic(const uint8_t* datagram, size_t integrityAt, const HmacSha1& hmac) {
  uint8_t header[kHeader];
  std::memcpy(header, datagram, kHeader);
  write16(header + 2, static_cast<uint32_t>(integrityAt + 4 + kSha1Length - kHeader));
  uint8_t expected[kSha1Length];
  hmac.digest(header, kHeader, datagram + kHeader, integrityAt - kHeader, expected);
  return CRYPTO_memcmp(expected, datagram + integrityAt + 4, kSha1Length) == 0;
}

}  // namespace

void StunGate::expect(const std::string& ufrag, const std::string& password) {
  isOpen_ = false;
  const auto* key = reinterpret_cast<const uint8_t*>(password.data());
  sessions_.insert_or_assign(ufrag, Session{HmacSha1(key, password.size()), {}});
}

void StunGate::answered(const Destination& path, double now) {
  if (isOpen_) return;
  if (now - turnedAt_ > kAnsweredTime || paths_.size() >= kMaxPaths) {
    pathsBefore_ = std::exchange(paths_, {});
    turnedAt_ = now;
  }
  Destination key = path;
  key.connection = nullptr;
  const auto before = pathsBefore_.find(key);
  paths_.try_emplace(key, before == pathsBefore_.end() ? Budget() : before->second);
}

Admission StunGate::judgeStun(const uint8_t* datagram, size_t length, bool known, double now) {
  if (isOpen_) return Admission::kWelcome;
  const std::optional<Check> check = readCheck(datagram, length);
  if (!check) return Admission::kUnknownUfrag;
  const auto session = sessions_.find(std::string(check->ufrag));
  if (session == sessions_.end()) return Admission::kUnknownUfrag;
  if (!isAuthentic(datagram, check->integrityAt, session->second.hmac)) {
    return Admission::kBadIntegrity;
  }
  const bool isWelcome =
      session->second.checks.take(kChecks, now) && (known || strangers_.take(kStrangers, now));
  return isWelcome ? Admission::kWelcome : Admission::kTooOften;
}

Admission StunGate::judgeDtls(const Destination& from, Budget* ofPeer, double now) {
  if (isOpen_) return Admission::kWelcome;
  Budget* const ofPath = ofPeer ? ofPeer : findPath(from);
  if (!ofPath) return Admission::kUnknownPath;
  const bool isWelcome =
      ofPath->take(kRecords, now) && (ofPeer || strangers_.take(kStrangers, now));
  return isWelcome ? Admission::kWelcome : Admission::kTooOften;
}

Budget* StunGate::findPath(const Destination& path) {
  for (Paths* paths : {&paths_, &pathsBefore_}) {
    const auto found = paths->find(path);
    if (found != paths->end()) return &found->second;
  }
  return nullptr;
}

}  // namespace tailrace
