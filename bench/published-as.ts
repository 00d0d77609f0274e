/** SSRCs of the bench's publisher, and ticks of RTP time per ms. */
export const publishedAs = { video: { ssrc: 1, rate: 90 }, audio: { ssrc: 2, rate: 48 } } as const
