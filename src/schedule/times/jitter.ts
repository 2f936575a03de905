/**
 * How much later than its nominal time a tick is due: from 0 up to, and without, `roomMs`; always the same for the same schedule and time.
 */
export function jitterOf(name: string, nominalMs: number, roomMs: number): number {
  if (roomMs <= 0) return 0
  return Math.floor((hash(`${name}\n${nominalMs}`) / 2 ** 32) * roomMs)
}

/** FNV-1a, mixed by the end of MurmurHash3: names that differ in a letter are far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
