import { describe, expect, it } from 'vitest'
import { LayerChoice, type LayerOption } from '#relay/layer-choice.ts'

const kbit = 1000
const [low, middle, high] = [1, 2, 3]
const options: readonly LayerOption[] = [
  { id: low, rate: 200 * kbit, backlog: 20_000, reliable: true },
  { id: middle, rate: 700 * kbit, backlog: 60_000, reliable: true },
  { id: high, rate: 2500 * kbit, backlog: 200_000, reliable: true },
]

/** A choice in simulated time, asked every 100 ms. */
class Rig {
  readonly choice = new LayerChoice()
  /** Every change of layer, with the ms at which it came. */
  readonly switches: [ms: number, layer: number | undefined][] = []
  #now = 0
  #last: number | undefined

  run(ms: number, usable: number, { congested = false, layers = options } = {}): void {
    for (const end = this.#now + ms; this.#now < end; this.#now += 100) {
      const chosen = this.choice.decide(layers, { usable, congested }, this.#now)
      if (chosen !== this.#last) this.switches.push([this.#now, chosen])
      this.#last = chosen
    }
  }

  wanted(): number | undefined {
    return this.choice.wanted(options, this.#now)
  }

  /** @returns the layers switched to since the last call */
  take(): (number | undefined)[] {
    return this.switches.splice(0).map(([, layer]) => layer)
  }
}

function watching(usable: number): Rig {
  const rig = new Rig()
  rig.run(100, usable)
  rig.switches.length = 0
  return rig
}

describe('the first layer', () => {
  it('is the largest that the link is believed to carry (BWE-88)', () => {
    expect([watching(1000 * kbit).choice.current, watching(3000 * kbit).choice.current]).toEqual([
      middle,
      high,
    ])
  })

  it('is the smallest where none fits', () => {
    expect(watching(50 * kbit).choice.current).toBe(low)
  })

  it('is none while nothing comes', () => {
    const rig = new Rig()
    rig.run(100, 5000 * kbit, { layers: [] })
    expect(rig.choice.current).toBeUndefined()
  })

  it('is a reliable one, if there is any (BWE-79)', () => {
    const rig = new Rig()
    const young = options.map((one) => ({ ...one, reliable: one.id === low }))
    rig.run(100, 5000 * kbit, { layers: young })
    expect(rig.choice.current).toBe(low)
  })
})

describe('the way down', () => {
  it('is taken at once when the link is congested, as far as it takes (BWE-77)', () => {
    const rig = watching(3000 * kbit)
    rig.run(100, 300 * kbit, { congested: true })
    expect(rig.take()).toEqual([low])
  })

  it('is taken after half a second otherwise', () => {
    const rig = watching(3000 * kbit)
    rig.run(500, 1000 * kbit)
    expect(rig.take()).toEqual([])
    rig.run(100, 1200 * kbit)
    expect(rig.take()).toEqual([middle])
  })

  it('is not taken for a moment’s lack', () => {
    const rig = watching(3000 * kbit)
    for (let i = 0; i < 10; i++) {
      rig.run(400, 2000 * kbit)
      rig.run(100, 2600 * kbit)
    }
    expect(rig.take()).toEqual([])
  })

  it('is taken from a layer that comes no more (BWE-83)', () => {
    const rig = watching(3000 * kbit)
    rig.run(100, 3000 * kbit, { layers: options.slice(0, 2) })
    expect(rig.take()).toEqual([middle])
  })
})

describe('the way up', () => {
  it('is taken after a second of ample room (BWE-76)', () => {
    const rig = watching(1000 * kbit)
    rig.run(5000, 2800 * kbit)
    expect(rig.take()).toEqual([])
    rig.run(1000, 2900 * kbit)
    expect(rig.take()).toEqual([])
    rig.run(100, 2900 * kbit)
    expect(rig.take()).toEqual([high])
  })

  it('may leave one out', () => {
    const rig = watching(300 * kbit)
    rig.run(1100, 2900 * kbit)
    expect(rig.take()).toEqual([high])
  })

  it('is worth a probe of its rate and some more (BWE-63)', () => {
    expect([watching(1000 * kbit).wanted(), watching(3000 * kbit).wanted()]).toEqual([
      2875 * kbit,
      undefined,
    ])
  })

  it('is closed for a while after a way down, without probes (BWE-78)', () => {
    const rig = watching(3000 * kbit)
    rig.run(100, 1000 * kbit, { congested: true })
    rig.take()
    rig.run(3800, 5000 * kbit)
    expect([rig.take(), rig.wanted()]).toEqual([[], undefined])
    rig.run(1500, 5000 * kbit)
    expect(rig.take()).toEqual([high])
  })

  it('is closed for longer each time that it led nowhere', () => {
    const rig = watching(1000 * kbit)
    rig.run(1100, 3000 * kbit)
    rig.take()
    const waits = [1, 2, 3].map(() => {
      rig.run(2000, 3000 * kbit)
      rig.run(100, 1800 * kbit, { congested: true })
      for (let i = 0; i < 1000 && rig.choice.current !== high; i++) rig.run(100, 3000 * kbit)
      const [[down] = [0], [up] = [0]] = rig.switches.slice(-2)
      return up - down
    })
    expect(waits).toEqual([17_000, 61_000, 61_000])
  })

  it('is closed for a short while where the link has lost most of its rate: it may recover', () => {
    const rig = watching(1000 * kbit)
    rig.run(1100, 3000 * kbit)
    rig.run(100, 1000 * kbit, { congested: true })
    rig.run(20_000, 3000 * kbit)
    const [[down] = [0], [up] = [0]] = rig.switches.slice(-2)
    expect(up - down).toBe(5000)
  })

  it('is closed for a short while again after one that lasted', () => {
    const rig = watching(1000 * kbit)
    for (let i = 0; i < 3; i++) {
      rig.run(100, 1000 * kbit, { congested: true })
      rig.run(60_000, 3000 * kbit)
    }
    const [[down] = [0], [up] = [0]] = rig.switches.slice(-2)
    expect(up - down).toBe(5000)
  })
})

describe('a step up', () => {
  it('has a second and a half to settle: its keyframe looks like congestion', () => {
    const rig = watching(1000 * kbit)
    rig.run(1100, 3000 * kbit)
    rig.take()
    rig.run(1400, 1800 * kbit, { congested: true })
    expect(rig.take()).toEqual([])
    rig.run(100, 1000 * kbit, { congested: true })
    expect(rig.take()).toEqual([low])
  })
})

describe('to and fro', () => {
  it('is a switch in ten seconds at most while the link swings about a layer’s rate (BWE-98)', () => {
    const rig = watching(1000 * kbit)
    for (let i = 0; i < 60; i++) {
      rig.run(1000, 2500 * 1.2 * kbit)
      rig.run(1000, 2500 * 0.9 * kbit)
    }
    expect(rig.switches.length).toBeLessThanOrEqual(12)
  })

  it('does not happen between the two bounds', () => {
    const rig = watching(1000 * kbit)
    rig.run(120_000, 2500 * kbit)
    expect(rig.take()).toEqual([])
  })
})

describe('a link that carries not even the smallest', () => {
  it('gets no picture after four seconds of congestion (BWE-87)', () => {
    const rig = watching(300 * kbit)
    rig.run(4000, 100 * kbit, { congested: true })
    expect(rig.take()).toEqual([])
    rig.run(100, 100 * kbit)
    expect([rig.take(), rig.choice.paused]).toEqual([[undefined], true])
  })

  it('keeps the picture while nothing shows that it does not fit', () => {
    const rig = watching(300 * kbit)
    rig.run(20_000, 180 * kbit)
    expect(rig.take()).toEqual([])
  })

  it('gets it again when it carries more, and that is worth a probe', () => {
    const rig = watching(300 * kbit)
    rig.run(4100, 100 * kbit, { congested: true })
    rig.take()
    rig.run(5000, 220 * kbit)
    expect([rig.take(), rig.wanted()]).toEqual([[], 240 * kbit])
    rig.run(100, 250 * kbit)
    expect([rig.take(), rig.choice.paused]).toEqual([[low], false])
  })

  it('is tried again after a while where nothing can show that it carries more', () => {
    const rig = watching(300 * kbit)
    rig.run(4100, 100 * kbit, { congested: true })
    rig.take()
    rig.run(8100, 100 * kbit)
    expect(rig.take()).toEqual([low])
  })
})
