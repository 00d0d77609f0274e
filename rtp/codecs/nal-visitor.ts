/**
 * Called for each NAL unit that begins in a payload. True ends the visit.
 *
 * @param body offset of the first byte behind the NAL unit's header
 * @param end behind the NAL unit's last byte in this payload
 * @param whole false for the first fragment of a larger NAL unit, whose header is not in one piece
 */
export type NalVisitor = (type: number, body: number, end: number, whole: boolean) => boolean
