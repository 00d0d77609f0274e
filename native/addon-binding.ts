/** A plane in the addon. */
export type PlaneHandle = { readonly __plane: never }

/** What opening the media port came to. */
export interface OpenedHandle {
  /** Absent after an error. */
  readonly handle?: PlaneHandle
  /** 0, or the errno of the system call that failed at `failedAddress`. */
  readonly error: number
  readonly failedAddress: string
  /** 1 when it was TCP that failed there. */
  readonly failedTcp: number
  readonly port: number
  /** Place in the ladder: 0 sendto, 1 sendmmsg, 2 gso. */
  readonly rung: number
  readonly kernelBuffer: number
}

type PathArguments = readonly [
  family: number,
  remoteAddress: string,
  remotePort: number,
  localAddress: string,
  /** 1 for TCP. */
  transport: number,
]

/**
 * The functions of the addon, `native/addon/binding.cc` and `binding-media.cc`. Only
 * `native/addon-plane.ts` calls them: they trust the types of what they get.
 */
export interface MediaBinding {
  /**
   * @param rung as in `OpenedHandle`, or −1 for the best there is
   * @param tcp 1 to listen for TCP, too
   */
  open(
    addresses: readonly string[],
    port: number,
    rung: number,
    threads: number,
    wake: () => void,
    tcp: number,
  ): OpenedHandle
  close(plane: PlaneHandle): void
  sendControl(plane: PlaneHandle, datagram: Buffer, ...path: PathArguments): void
  expect(plane: PlaneHandle, ufrag: string, password: string): void
  forget(plane: PlaneHandle, ufrag: string): void
  addPeer(
    plane: PlaneHandle,
    peer: number,
    profile: number,
    localKey: Buffer,
    localSalt: Buffer,
    remoteKey: Buffer,
    remoteSalt: Buffer,
    ...pathAndStreams: [...PathArguments, streams: number]
  ): void
  movePeer(plane: PlaneHandle, peer: number, ...path: PathArguments): void
  removePeer(plane: PlaneHandle, peer: number): void
  sendRtcp(plane: PlaneHandle, peer: number, compound: Buffer): void
  route(
    plane: PlaneHandle,
    peer: number,
    ssrc: number,
    log: number,
    newest: number,
    base: number,
  ): void
  openLog(plane: PlaneHandle, log: number): void
  closeLog(plane: PlaneHandle, log: number): void
  setClock(plane: PlaneHandle, log: number, rtpTimestamp: number, wall: number): void
  append(
    plane: PlaneHandle,
    log: number,
    count: number,
    indices: Float64Array,
    slabs: Uint32Array,
    offsets: Uint32Array,
    lengths: Uint32Array,
  ): void
  /** A packet that lies in no slab of the addon's: it is copied. */
  appendCopy(plane: PlaneHandle, log: number, index: number, packet: Buffer): void
  dropBefore(plane: PlaneHandle, log: number, index: number): void
  addTrack(
    plane: PlaneHandle,
    peer: number,
    track: number,
    ssrc: number,
    clockRate: number,
    cname: string,
    rtxSsrc: number,
    playoutDelayId: number,
    transportCcId: number,
    firstIndex: number,
    firstRtxIndex: number,
  ): void
  addLink(plane: PlaneHandle, peer: number, track: number, ssrc: number, base: number): void
  removeTrack(plane: PlaneHandle, track: number): void
  follow(
    plane: PlaneHandle,
    track: number,
    log: number,
    payloadType: number,
    rtxPayloadType: number,
    numbered: number,
  ): void
  replay(
    plane: PlaneHandle,
    track: number,
    log: number,
    payloadType: number,
    rtxPayloadType: number,
    numbered: number,
    from: number,
    pace: number,
    burst: number,
    leadBytes: number,
    leadPace: number,
    prefix: readonly Buffer[],
    alignedLog: number,
    alignmentTicks: number,
    catchUp: number,
    until: number,
  ): void
  silence(plane: PlaneHandle, track: number): void
  setPace(plane: PlaneHandle, track: number, pace: number): void
  setLivePace(plane: PlaneHandle, track: number, pace: number): void
  probe(plane: PlaneHandle, track: number, cluster: number, pace: number, bytes: number): void
  retransmit(plane: PlaneHandle, track: number, sequenceNumbers: Uint16Array): void
  /**
   * @param now ms of CLOCK_MONOTONIC
   * @param out see `native/addon-feedback.ts`
   * @returns 0 if nothing could be read
   */
  readFeedback(
    plane: PlaneHandle,
    peer: number,
    packet: Buffer,
    now: number,
    out: Float64Array,
  ): number
  /** @param out gets the counters of `TrackStatistics`; 0 if there is no such track */
  trackStatistics(plane: PlaneHandle, track: number, out: Float64Array): number
  statistics(plane: PlaneHandle, out: Float64Array): void
  slabMemory(plane: PlaneHandle, slab: number): ArrayBuffer
  releaseSlab(plane: PlaneHandle, slab: number): void
  /** @returns bytes of records written to `inbox` */
  drain(plane: PlaneHandle, inbox: Uint8Array): number
}
