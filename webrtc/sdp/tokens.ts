import { malformed, type SdpSection } from './lines.ts'

/** Token characters of RFC 8866 §9, at most 64 of them: what may be written back in an answer. */
const tokenPattern = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}$/

/** @throws ServiceError `malformed-sdp` */
export function token(text: string, what: string): string {
  if (!tokenPattern.test(text)) {
    throw malformed(`${what} is not a token of 1 to 64 characters`)
  }
  return text
}

/** @throws ServiceError `malformed-sdp` unless the text is a decimal number in the range */
export function integer(text: string | undefined, what: string, [min, max]: Range): number {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw malformed(`${what} is not a number from ${min} to ${max}`)
  }
  return value
}

/** Both ends included. */
export type Range = readonly [min: number, max: number]
export const portRange: Range = [0, 65_535]
export const payloadTypeRange: Range = [0, 127]
export const ssrcRange: Range = [0, 0xffff_ffff]

/** Splits at runs of spaces, as SDP fields are separated; no field is empty. */
export function fields(text: string): string[] {
  return text.split(' ').filter((field) => field !== '')
}

/** Value of the first attribute of that name; `''` for a flag. */
export function attributeValue(section: SdpSection, name: string): string | undefined {
  return section.attributes.find((attribute) => attribute.name === name)?.value
}

/** Values of all attributes of that name, in order. @throws ServiceError when over the cap */
export function attributeValues(section: SdpSection, name: string, cap: number): string[] {
  const values: string[] = []
  for (const attribute of section.attributes) {
    if (attribute.name !== name) continue
    if (values.length === cap) throw malformed(`more than ${cap} a=${name} lines in a section`)
    values.push(attribute.value)
  }
  return values
}

export function has(section: SdpSection, name: string): boolean {
  return attributeValue(section, name) !== undefined
}
