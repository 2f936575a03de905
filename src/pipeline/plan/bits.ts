/** Steps by their places, a bit for each: as sets of ids, what is before thousands of steps would be gigabytes. */
export type Bits = Uint32Array

export function noBits(places: number): Bits {
  return new Uint32Array(Math.ceil(places / 32))
}

export function join(into: Bits, other: Bits): void {
  for (let word = 0; word < into.length; word += 1) into[word] = (into[word] ?? 0) | (other[word] ?? 0)
}

export function meet(into: Bits, other: Bits): void {
  for (let word = 0; word < into.length; word += 1) into[word] = (into[word] ?? 0) & (other[word] ?? 0)
}

export function add(row: Bits, place: number): void {
  row[place >>> 5] = (row[place >>> 5] ?? 0) | (1 << (place & 31))
}

export function has(row: Bits, place: number): boolean {
  return ((row[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
}
