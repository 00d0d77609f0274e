#pragma once
#include <cstddef>
#include <cstdint>

#include "header-template.h"
#include "packet-view.h"
#include "sending-peer.h"

namespace tailrace {

/** The identity of one outgoing packet, decided by its track. */
struct PacketNumbers {
  /** Outgoing index, 48 bits: sequence number and SRTP index in one. */
  int64_t index;
  uint32_t timestamp;
};

/** What has left, in bytes; all 0 for a packet that fits no datagram or has no index left. */
struct Written {
  /** With padding. */
  size_t payload;
  /** The whole datagram, SRTP tag included. */
  size_t datagram;
};

/**
 * Builds outgoing packets from stored ones, protects them and hands them over. Bytes go from
 * the slab to the datagram once, by the cipher.
 */
class PacketWriter {
 public:
  PacketWriter(SendingPeer& peer, Outlet& outlet) : peer_(peer), outlet_(outlet) {}

  Written media(PacketView packet, const HeaderTemplate& header, PacketNumbers numbers);
  /**
   * A repeat on the retransmission stream (RFC 4588 §4): the original sequence number goes
   * before the payload.
   *
   * @param original outgoing index of the packet that is repeated
   * @param header of that stream
   */
  Written repeat(PacketView packet, int64_t original, const HeaderTemplate& header,
                 PacketNumbers numbers);
  /** The packet as it is, but for its SSRC and number. */
  Written verbatim(PacketView packet, uint32_t ssrc, int64_t index);

 private:
  uint8_t* begin(PacketView packet, const HeaderTemplate& header, PacketNumbers numbers);
  Written send(uint8_t* datagram, const HeaderTemplate& header, PacketView payload, int64_t index);

  SendingPeer& peer_;
  Outlet& outlet_;
};

}  // namespace tailrace
