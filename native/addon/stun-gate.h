#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "budget.h"
#include "destination.h"
#include "hmac-sha1.h"
#include "path-hash.h"

namespace tailrace {

/** What the gate says of a datagram. */
enum class Admission : uint8_t {
  kWelcome,
  /** No well-formed check that names a ufrag of ours. */
  kUnknownUfrag,
  kBadIntegrity,
  /** DTLS from where no check was answered. */
  kUnknownPath,
  kTooOften
};

/**
 * Who of those that send STUN and DTLS is heard by JavaScript, whose time strangers must not
 * spend: those who know the password of a session, and those whose check was answered (SEC-42,
 * SEC-43). Nobody's budget can be spent by who does not know the password.
 *
 * Open until the first session is expected. `native/twin/stun-gate.ts` does the same. Not
 * thread-safe. Every `now` is monotonic ms.
 */
class StunGate {
 public:
  /** Checks of this session are welcome. @param password 64 bytes at most */
  void expect(const std::string& ufrag, const std::string& password);
  void forget(const std::string& ufrag) { sessions_.erase(ufrag); }
  /** A check from there was answered, with success: DTLS of that path is welcome, too. */
  void answered(const Destination& path, double now);

  /** @param known whether a peer with keys is on that path */
  Admission judgeStun(const uint8_t* datagram, size_t length, bool known, double now);
  /** @param ofPeer the budget of the peer with keys on that path; null without one */
  Admission judgeDtls(const Destination& from, Budget* ofPeer, double now);

 private:
  struct Session {
    HmacSha1 hmac;
    Budget checks;
  };
  using Paths = std::unordered_map<Destination, Budget, HashPath, SamePath>;

  Budget* findPath(const Destination& path);

  bool isOpen_ = true;
  std::unordered_map<std::string, Session> sessions_;
  /** Paths answered lately, and those answered in the time before that. */
  Paths paths_;
  Paths pathsBefore_;
  double turnedAt_ = 0;
  /** Of all that has no keys yet. */
  Budget strangers_;
};

}  // namespace tailrace
