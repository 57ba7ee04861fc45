/** The port4me hashcode of a text's Unicode code points: h = (31 h + c) mod 2^32. */
export function hashcode(text: string): number {
  let hash = 0
  for (const character of text) {
    hash = (Math.imul(31, hash) + (character.codePointAt(0) as number)) >>> 0
  }
  return hash
}
