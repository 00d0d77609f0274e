import { limits } from './arguments.ts'

/** What `--help` prints. */
export const helpText = `Measures a WHEP server with many viewers, or publishes a clip over WHIP.

  npm run load -- --url http://127.0.0.1:8080/whep/demo --viewers 50
  npm run load -- --publish --url http://127.0.0.1:8080/whip/test --token KEY

Both
  --url URL               the WHEP or WHIP endpoint, of any server
  --token TOKEN           sent as "Authorization: Bearer TOKEN"
  --duration SECONDS      viewers: counted from the start of the last one (15)
                          --publish: until Ctrl-C without it
  --json FILE             writes the figures there, too
  --insecure              HTTPS: takes any certificate
  --ca FILE               HTTPS: trusts these certificates (PEM), too
  --no-native             receives and sends in TypeScript also where native code is built

Viewers: each joins, counts what comes, answers as a browser, and asks for what was lost
  --viewers N             1 to ${limits.viewers} (1)
  --ramp N                viewers started per second, 0.1 to ${limits.ramp} (10)
  --storm N               viewers that join at once when the others have been started (0)
  --churn RATE            viewers that leave per second, each replaced by a new one
  --leave RATE            viewers that leave per second, not replaced
  --follow                viewers stay, as with the watch page: they go where "reconnect" events
                          send them, to the next edge when a node is gone, and come back; the
                          report says how long each picture stood still, when and why
  --decrypt K             one viewer in K is decrypted, and its latency measured (1, or so that
                          20 are)
  --pid PID               the server's process on this machine: its CPU, memory and files
  --sample SECONDS        writes a point of each curve so often, for --json
  --max-join-p50 MS       limits on the figures; beyond one the exit code is 1.
  --max-join-p95 MS       "join" is from the POST to the first complete keyframe
  --max-live-p95 MS       from the POST until the viewer has caught up with the live picture
  --max-loss PERCENT      packets that never came, nor by repair
  --max-latency-p99 MS    from capture to arrival
  --max-freezes N         of all viewers together
  --max-freeze MS         the longest, of any viewer
  --max-troubles N        with --follow: sessions lost, refusals, and other words to a viewer
  --max-cpu-us US         CPU of the server per packet received, needs --pid
  --max-failures N        viewers that may fail (0)

--publish: sends as OBS Studio does, deaf to keyframe requests, answering NACKs
  --as KIND               obs, or browser: RTX, transport-wide numbers, RIDs h, m, l (obs);
                          a browser's keyframes, too, come by the clip alone
  --layers N              1 to ${limits.layers} sizes of each picture (1): simulcast, the largest first.
                          NAME-1.h264, NAME-2.h264 … beside the clip, or made by ffmpeg, each with
                          half the sides of the one before
  --bitrates KBIT,…       a rate for each layer, largest first; needs ffmpeg
  --streams N             1 to ${limits.streams} publishers (1); the URL gets -1, -2 … at its end, or at {n}
  --clip PATH             an .h264 file without B-frames (and an .opus file of the same name
                          beside it), or a folder with clip.h264; the demo clip otherwise
  --frame-rate N          pictures per second, if no .json file beside the clip says so (30)
  --keyframe-interval S   seconds between keyframes; another than the clip's needs ffmpeg

What the figures mean and how to compare two servers by them: docs/load.md

Exit code: 0 when all went well, 1 when a limit was passed or a publisher gave up, 2 when the
command line cannot be obeyed. Ctrl-C ends all sessions in good order.
`
