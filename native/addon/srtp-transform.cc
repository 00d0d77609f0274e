#include "srtp-transform.h"

#include "openssl.h"

namespace tailrace {

SrtpTransforms::SrtpTransforms(SrtpProfile profile, const SrtpMaster& master,
                               SrtpDirection direction)
    : profile(profile), direction_(direction), master_(master) {}

SrtpTransforms::~SrtpTransforms() { OPENSSL_cleanse(&master_, sizeof master_); }

SrtpTransform& SrtpTransforms::make(std::unique_ptr<SrtpTransform>& into, SrtpProtocol protocol) {
  into = profile == SrtpProfile::kGcm ? makeGcmTransform(master_, protocol, direction_)
                                      : makeCounterModeTransform(master_, protocol);
  return *into;
}

}  // namespace tailrace
