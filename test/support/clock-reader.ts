/**
 * A number drawn into every picture as a row of black and white cells, which survives any
 * codec. Bit `i`, most significant first, takes two cells: white and black for one, black and
 * white for zero, so that a picture without the row reads as none instead of as a number.
 *
 * The browser's half is `test/e2e/pages/clock.js`; this half writes raw pictures for the encoder.
 */
export interface ClockGeometry {
  /** Left and top of the first cell, in pixels of the full picture. */
  readonly x: number
  readonly y: number
  /** Side of a cell in pixels. */
  readonly cell: number
  readonly bits: number
  /** Size of the picture that the other numbers are for; a scaled one is read in proportion. */
  readonly width: number
  readonly height: number
}

/** How a number becomes a time: picture `number` was sent at `origin + number * tick`. */
export interface ClockScale {
  /** Wall-clock ms since 1970 of number 0. */
  readonly origin: number
  /** Ms from one number to the next. */
  readonly tick: number
  /** Numbers start again at 0 after this many. */
  readonly modulus: number
}

/** A clock across the top of a picture of this size. */
export function clockGeometry(width: number, height: number): ClockGeometry {
  const bits = 16
  const cell = Math.floor((width * 0.9) / (bits * 2) / 2) * 2
  return { x: cell, y: cell, cell, bits, width, height }
}

/** Draws `number` into the luma plane of a raw picture. */
export function drawClock(luma: Buffer, geometry: ClockGeometry, number: number): void {
  const { x, y, cell, bits, width } = geometry
  for (let index = 0; index < bits * 2; index++) {
    const bit = (number >> (bits - 1 - (index >> 1))) & 1
    const white = bit === (index & 1 ? 0 : 1)
    for (let row = y; row < y + cell; row++) {
      const start = row * width + x + index * cell
      luma.fill(white ? 235 : 16, start, start + cell)
    }
  }
}
