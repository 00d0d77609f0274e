/**
 * Chromium plays Opus in mono unless its own offer asks for stereo (RFC 7587 §6.1), and has no
 * setting for that.
 */
export function withStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2/im.exec(sdp)?.[1]
  if (opus === undefined) return sdp
  return sdp.replace(new RegExp(`^(a=fmtp:${opus} (?!.*stereo=).*?)(\r?)$`, 'm'), '$1;stereo=1$2')
}
