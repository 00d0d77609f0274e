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

/** Pixels of the canvas for each cell, across and down. */
const fine = 4

/** Reads numbers from the pictures of a `<video>`. */
export class ClockReader {
  #geometry
  #context

  constructor(geometry) {
    this.#geometry = geometry
    const canvas = document.createElement('canvas')
    canvas.width = geometry.bits * 2 * fine
    canvas.height = fine
    this.#context = canvas.getContext('2d', { willReadFrequently: true })
  }

  /** `undefined` where the picture has no clock or is too spoiled to tell. */
  read(video) {
    const { x, y, cell, bits, width, height } = this.#geometry
    const across = video.videoWidth / width
    const down = video.videoHeight / height
    const canvas = this.#context.canvas
    // In one call: Firefox converts the whole picture at each, and shows the next one in between.
    this.#context.drawImage(
      video,
      x * across,
      y * down,
      cell * bits * 2 * across,
      cell * down,
      0,
      0,
      canvas.width,
      canvas.height,
    )
    const image = this.#context.getImageData(0, 0, canvas.width, canvas.height)
    let number = 0
    for (let bit = 0; bit < bits; bit++) {
      const difference = brightness(image, bit * 2) - brightness(image, bit * 2 + 1)
      if (Math.abs(difference) < 60) return undefined
      number = number * 2 + (difference > 0 ? 1 : 0)
    }
    return number
  }
}

/** Green of a cell, 0 to 255: the mean of its middle half. */
function brightness({ data, width }, cell) {
  const from = fine / 4
  const to = fine - from
  let sum = 0
  for (let row = from; row < to; row++) {
    for (let column = from; column < to; column++) {
      sum += data[(row * width + cell * fine + column) * 4 + 1]
    }
  }
  return sum / (to - from) ** 2
}
