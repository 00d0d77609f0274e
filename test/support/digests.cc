// Reads feedback as the addon does, at the times it is told. A line of input each:
//   cluster N          packets leave in that probe from now on, 0 for none
//   sent NOW BYTES     a packet leaves
//   read NOW HEX       feedback comes
// Answers every `read` with a line: the digest's numbers, or `refused`.
#include <cstdio>
#include <cstring>

#include "feedback-reader.cc"
#include "packet-groups.cc"
#include "transport-feedback.cc"
#include "transport-history.cc"

using namespace tailrace;

static void print(double number) { std::printf("%.17g ", number); }

int main() {
  TransportHistory history;
  FeedbackReader reader;
  TransportFeedback feedback;
  double groups[kGroupFields * kMostPairs];
  static char hex[8192];
  char word[16];
  while (std::scanf("%15s", word) == 1) {
    double now = 0;
    if (std::strcmp(word, "cluster") == 0) {
      if (std::scanf("%lf", &now) != 1) return 1;
      history.beginCluster(static_cast<uint8_t>(now));
    } else if (std::strcmp(word, "sent") == 0) {
      double bytes = 0;
      if (std::scanf("%lf %lf", &now, &bytes) != 2) return 1;
      history.next(now, static_cast<size_t>(bytes));
    } else {
      if (std::scanf("%lf %8191s", &now, hex) != 2) return 1;
      std::vector<uint8_t> packet;
      for (size_t at = 0; hex[at] != 'x' && hex[at] != 0; at += 2) {
        unsigned byte = 0;
        std::sscanf(hex + at, "%2x", &byte);
        packet.push_back(static_cast<uint8_t>(byte));
      }
      if (!readTransportFeedback(packet.data(), packet.size(), feedback)) {
        std::printf("refused\n");
        continue;
      }
      const FeedbackDigest digest = reader.read(feedback, history.view(), now, groups);
      for (const double number :
           {digest.received, digest.lost, digest.acknowledged, digest.untold, digest.arrivedAt,
            digest.roundTrip, digest.queueing.value_or(-1e9), digest.delivered.value_or(-1e9)}) {
        print(number);
      }
      if (const ProbeTally* probe = digest.probe) {
        for (const double number :
             {static_cast<double>(probe->cluster), probe->packets, probe->bytes,
              probe->firstSentAt, probe->lastSentAt, probe->lastSentBytes, probe->firstArrivedAt,
              probe->lastArrivedAt, probe->firstArrivedBytes}) {
          print(number);
        }
      }
      for (size_t i = 0; i < kGroupFields * digest.groupCount; i++) print(groups[i]);
      std::printf("\n");
    }
  }
  return 0;
}
