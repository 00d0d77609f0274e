#include "media-sockets.h"

#include <algorithm>
#include <climits>

namespace tailrace {

int MediaSockets::open(const std::vector<std::string>& addresses, uint16_t port) {
  sockets_.clear();
  for (const std::string& address : addresses) {
    auto socket = std::make_unique<UdpSocket>();
    const int error = socket->open(address, port);
    if (error != 0) {
      failedAddress_ = address;
      sockets_.clear();
      return error;
    }
    port = socket->port();
    sockets_.push_back(std::move(socket));
  }
  return 0;
}

void MediaSockets::close() {
  for (const auto& socket : sockets_) socket->close();
}

size_t MediaSockets::placeOf(const Destination& to) const {
  const auto owns = [&to](const auto& socket) { return socket->owns(to); };
  return static_cast<size_t>(std::find_if(sockets_.begin(), sockets_.end(), owns) -
                             sockets_.begin());
}

uint16_t MediaSockets::port() const { return sockets_.empty() ? 0 : sockets_.front()->port(); }

int MediaSockets::kernelBuffer() const {
  int smallest = INT_MAX;
  for (const auto& socket : sockets_) smallest = std::min(smallest, socket->kernelBuffer());
  return smallest;
}

}  // namespace tailrace
