/** Why a replay began (DESIGN §6). */
export type ReplayCause =
  | 'join'
  | 'keyframe-request'
  | 'unserved-nack'
  | 'resent-flight'
  | 'return'
  | 'congestion'
  | 'layer'

/** What became of a viewer's picture when its link changed. */
export type LayerSwitch = 'up' | 'down' | 'pause'

/** 'in': between a publisher and us. 'out': between a viewer and us. */
export type Side = 'in' | 'out'

/** Counts what happens on this node; nothing here is called per packet. */
export interface RelayObserver {
  /** @param side 'in': we asked a publisher; 'out': a viewer asked us */
  nacked(side: Side, packets: number): void
  /** @param side 'in': we asked a publisher; 'out': a viewer asked us */
  keyframeRequested(side: Side): void
  replayBegun(cause: ReplayCause): void
  layerSwitched(way: LayerSwitch): void
}
