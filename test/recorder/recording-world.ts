import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Recordings } from '#recorder/live/recordings.ts'
import { SpoolFolder } from '#recorder/spool/spool-folder.ts'
import { Stream } from '#relay/stream.ts'
import { browser, obs, PublicationRig, recordedFormat } from '#test/relay/publication-rig.ts'
import { recordings as recorded } from '#test/support/rtpdump.ts'
import { SimulatedClock, SimulatedScheduler } from '#test/support/simulated-time.ts'

/** A stream that recorded publishers come to, one after the other, and its recording. */
export class RecordingWorld implements AsyncDisposable {
  readonly clock = new SimulatedClock(1000)
  readonly failures: string[] = []
  readonly stream: Stream
  readonly recordings: Recordings
  readonly #folder = mkdtempSync(join(tmpdir(), 'tailrace-recording-'))
  readonly #spool: SpoolFolder

  constructor({ window = 1800 } = {}) {
    const { clock } = this
    this.#spool = new SpoolFolder({
      folder: this.#folder,
      failed: (name) => this.failures.push(name),
    })
    const scheduler = new SimulatedScheduler(clock)
    this.recordings = new Recordings({ clock, scheduler, spool: this.#spool, window })
    this.stream = new Stream({ tenant: 'acme', stream: 'live' }, clock.now(), clock.wall())
  }

  /** A publisher comes, sends all that was recorded of it, and goes. */
  publish(name: string): void {
    const video = recorded.find((one) => one.name === name)!.streams.find(({ size }) => size)!
    const traits = /^(obs|ffmpeg)/.test(name) ? obs : browser
    const rig = new PublicationRig(recordedFormat(name, video.pt), traits)
    const { clock, stream } = this
    rig.clock.time = clock.now()
    stream.publish(rig.publication, clock.now(), clock.wall())
    this.recordings.open(stream)
    const recording = this.recordings.get(stream.name)!
    rig.play(name, () => {
      clock.time = rig.clock.time
      recording.poll(clock.now())
      return true
    })
    stream.unpublish(rig.publication, clock.now(), clock.wall())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.recordings.close()
    await this.#spool.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
