/** Plays HLS by hls.js, and keeps what it says. */
import Hls from '/hls.js/hls.min.mjs'

const players = []

function playHls(url, config = {}) {
  const video = document.createElement('video')
  video.muted = true
  video.autoplay = true
  document.body.append(video)
  const hls = new Hls({ lowLatencyMode: true, ...config })
  const errors = []
  hls.on(Hls.Events.ERROR, (_event, { type, details, fatal, error }) => {
    errors.push({ type, details, fatal, message: error?.message })
  })
  hls.loadSource(url)
  hls.attachMedia(video)
  return players.push({ video, hls, errors }) - 1
}

function hlsReport(id) {
  const { video, hls, errors } = players[id]
  const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality()
  const ranges = ({ length, start, end }) => Array.from({ length }, (_, i) => [start(i), end(i)])
  return {
    errors,
    latency: hls.latency,
    targetLatency: hls.targetLatency,
    playingDate: hls.playingDate?.getTime(),
    time: video.currentTime,
    paused: video.paused,
    seekable: ranges({
      length: video.seekable.length,
      start: (i) => video.seekable.start(i),
      end: (i) => video.seekable.end(i),
    }),
    buffered: ranges({
      length: video.buffered.length,
      start: (i) => video.buffered.start(i),
      end: (i) => video.buffered.end(i),
    }),
    width: video.videoWidth,
    frames: totalVideoFrames,
    dropped: droppedVideoFrames,
    now: Date.now(),
  }
}

function seekHls(id, seconds) {
  players[id].video.currentTime = seconds
}

globalThis.hls = { playHls, hlsReport, seekHls }
