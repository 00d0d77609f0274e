/** A receiver in native code. */
export type SinkHandle = { readonly __sink: never }
/** SRTP of one direction in native code. */
export type SealerHandle = { readonly __sealer: never }
export type OpenerHandle = { readonly __opener: never }

/** The functions of `native/addon/load-sink.cc`. They trust the types of what they get. */
export interface SinkBinding {
  /** @throws the system's error where no thread is to be had */
  start(wake: () => void): SinkHandle
  stop(sink: SinkHandle): void
  /** Monotonic ms of the native clock. */
  now(sink: SinkHandle): number
  /**
   * @param formats payload type, kind (0 audio, 1 video, 2 RTX) and clock rate of each
   * @param transportCcId 0 for none
   * @returns the session times 2^16, plus its port
   * @throws the system's error when no socket is to be had (EMFILE …)
   */
  open(sink: SinkHandle, family: 4 | 6, formats: Float64Array, transportCcId: number): number
  close(sink: SinkHandle, session: number): void
  send(
    sink: SinkHandle,
    session: number,
    datagram: Buffer,
    length: number,
    address: string,
    port: number,
  ): number
  handUpAll(sink: SinkHandle, session: number, all: boolean): void
  drain(sink: SinkHandle, events: Float64Array, bytes: Buffer): number
  read(sink: SinkHandle, session: number, now: number, into: Float64Array): number
  takeArrivals(sink: SinkHandle, session: number, into: Float64Array): number
  restore(
    sink: SinkHandle,
    session: number,
    ssrc: number,
    sequenceNumber: number,
    marker: boolean,
    length: number,
    now: number,
  ): number
  dropped(sink: SinkHandle): number
  srtpSender(profile: number, key: Buffer, salt: Buffer): SealerHandle
  srtpReceiver(profile: number, key: Buffer, salt: Buffer): OpenerHandle
  protectRtp(
    sealer: SealerHandle,
    packet: Buffer,
    headerLength: number,
    length: number,
    index: number,
  ): number
  /** @param compound with room for 20 bytes behind `length` */
  protectRtcp(sealer: SealerHandle, compound: Buffer, length: number): number
  /** @returns bytes written, or the number of the failure, negated */
  unprotectRtp(opener: OpenerHandle, datagram: Buffer, into: Buffer, at: number): number
  unprotectRtcp(opener: OpenerHandle, datagram: Buffer, into: Buffer): number
}
