export type Source = 'camera' | 'screen' | 'microphone'

export interface CaptureOptions {
  readonly source: Source
  /** Device ids; empty for the browser's choice. */
  readonly camera: string
  readonly microphone: string
  /** Lines of the picture to aim at. */
  readonly height: number
}

const framesPerSecond = 30

/**
 * Asks for what is to be sent.
 * @throws DOMException when the user or the system says no
 */
export async function capture(options: CaptureOptions): Promise<MediaStream> {
  const { source, microphone } = options
  if (source === 'screen') return captureScreen(options)
  const video = source === 'camera' && {
    ...exact(options.camera),
    height: { ideal: options.height },
    frameRate: { ideal: framesPerSecond },
  }
  const stream = await navigator.mediaDevices.getUserMedia({ video, audio: exact(microphone) })
  return hint(stream, 'motion')
}

// With the sound of what is shown where the browser can take it, else with the microphone's.
async function captureScreen({ microphone }: CaptureOptions): Promise<MediaStream> {
  const stream = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: framesPerSecond } },
    audio: true,
  })
  if (stream.getAudioTracks().length === 0) {
    // Refused, or there is none: a screen without sound is still worth sending.
    const voice = await navigator.mediaDevices
      .getUserMedia({ audio: exact(microphone) })
      .catch(() => undefined)
    for (const track of voice?.getTracks() ?? []) stream.addTrack(track)
  }
  return hint(stream, 'detail')
}

function exact(deviceId: string): MediaTrackConstraints {
  return deviceId === '' ? {} : { deviceId: { exact: deviceId } }
}

// Tells the encoder whether to give up sharpness or frames when it must.
function hint(stream: MediaStream, contentHint: 'motion' | 'detail'): MediaStream {
  for (const track of stream.getVideoTracks()) track.contentHint = contentHint
  return stream
}

/** Fills a list with the devices of a kind; names are known only after a permission was given. */
export async function listDevices(
  select: HTMLSelectElement,
  kind: MediaDeviceInfo['kind'],
): Promise<void> {
  const devices = await navigator.mediaDevices.enumerateDevices()
  const chosen = select.value
  const options = devices
    .filter((device) => device.kind === kind && device.deviceId !== '')
    .map((device, index) => new Option(device.label || `Device ${index + 1}`, device.deviceId))
  select.replaceChildren(new Option('Default', ''), ...options)
  if (options.some(({ value }) => value === chosen)) select.value = chosen
}
