import type { LayerSwitch, RelayObserver, ReplayCause, Side } from '#relay/observer.ts'

/** Remembers what it is told, as text. */
export class CountingObserver implements RelayObserver {
  readonly told: string[] = []

  nacked(side: Side, packets: number): void {
    this.told.push(`nacked ${side} ${packets}`)
  }

  keyframeRequested(side: Side): void {
    this.told.push(`keyframe requested ${side}`)
  }

  replayBegun(cause: ReplayCause): void {
    this.told.push(`replay ${cause}`)
  }

  layerSwitched(way: LayerSwitch): void {
    this.told.push(`layer ${way}`)
  }

  /** What it was told since the last call. */
  take(): string[] {
    return this.told.splice(0)
  }
}
