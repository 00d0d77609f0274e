/** What goes over the hop: 1800 packets a second, 17 Mbit/s, of however many streams. */
export const packetsPerFrame = 9
/** Between two frames of all streams together. */
export const frameIntervalMs = 5
/** RTP, header included. */
export const packetBytes = 1200
