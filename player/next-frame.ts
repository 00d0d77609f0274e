/**
 * Resolves when the video shows its next frame; where the browser does not tell of frames, when it
 * has its first, and with nothing.
 */
export function nextFrame(
  video: HTMLVideoElement,
): Promise<VideoFrameCallbackMetadata | undefined> {
  return new Promise((resolve) => {
    if (typeof video.requestVideoFrameCallback === 'function') {
      video.requestVideoFrameCallback((_now, frame) => resolve(frame))
    } else {
      video.addEventListener('loadeddata', () => resolve(undefined), { once: true })
    }
  })
}
