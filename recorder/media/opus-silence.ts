/** Packets of stereo silence (RFC 6716 §3.1: CELT, full band), longest first; durations at 48 kHz. */
const silences = [
  { ticks: 960, data: Buffer.from('fcfffe', 'hex') },
  { ticks: 480, data: Buffer.from('f4fffe', 'hex') },
  { ticks: 240, data: Buffer.from('ecfffe', 'hex') },
  { ticks: 120, data: Buffer.from('e4fffe', 'hex') },
] as const

/** The shortest packet of Opus, in ticks of 48 kHz. */
export const shortestSilence = 120

/** Packets of silence for as long as they fit, in ticks of 48 kHz. */
export function* opusSilence(ticks: number): Generator<(typeof silences)[number]> {
  let left = ticks
  for (const silence of silences) {
    for (; left >= silence.ticks; left -= silence.ticks) yield silence
  }
}
