import { Type } from 'typebox'

/** Of HLS; part of `Config`. */
export const recorderSettings = {
  HLS: Type.Enum(['off', 'on'], {
    default: 'off',
    description:
      'Whether streams that are published here can be watched by HLS too, at `/hls/{stream}/index.m3u8`.',
  }),
  HLS_WINDOW_SECONDS: Type.Integer({
    minimum: 60,
    maximum: 86_400,
    default: 1800,
    description:
      'How far back players may go, in seconds. It takes disk in `TAILRACE_DATA_DIR`: at 3 Mbit/s ' +
      'some 700 MB for half an hour of each stream.',
  }),
}
