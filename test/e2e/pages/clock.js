/*
 * The browser's half of `test/support/clock-reader.ts`: a number as a row of black and white
 * cells, two for each bit.
 */

/** Draws `number` over a canvas. */
export function drawClock(context, geometry, number) {
  const { x, y, cell, bits } = geometry
  for (let index = 0; index < bits * 2; index++) {
    const bit = (number >> (bits - 1 - (index >> 1))) & 1
    context.fillStyle = bit === (index & 1 ? 0 : 1) ? '#fff' : '#000'
    context.fillRect(x + index * cell, y, cell, cell)
  }
}

/** Reads numbers from the pictures of a `<video>`. */
export class ClockReader {
  #geometry
  #context

  constructor(geometry) {
    this.#geometry = geometry
    const canvas = document.createElement('canvas')
    canvas.width = geometry.bits * 2
    canvas.height = 1
    this.#context = canvas.getContext('2d', { willReadFrequently: true })
  }

  /** `undefined` where the picture has no clock or is too spoiled to tell. */
  read(video) {
    const { x, y, cell, bits, width, height } = this.#geometry
    const across = video.videoWidth / width
    const down = video.videoHeight / height
    const inset = cell / 4
    // One pixel of the canvas for each cell, taken from the middle half of it.
    for (let index = 0; index < bits * 2; index++) {
      this.#context.drawImage(
        video,
        (x + index * cell + inset) * across,
        (y + inset) * down,
        (cell / 2) * across,
        (cell / 2) * down,
        index,
        0,
        1,
        1,
      )
    }
    const { data } = this.#context.getImageData(0, 0, bits * 2, 1)
    let number = 0
    for (let bit = 0; bit < bits; bit++) {
      const difference = data[bit * 8 + 1] - data[bit * 8 + 5]
      if (Math.abs(difference) < 60) return undefined
      number = number * 2 + (difference > 0 ? 1 : 0)
    }
    return number
  }
}
