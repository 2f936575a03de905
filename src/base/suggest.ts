/** Edit distance of two words, or `limit + 1` when it is larger than `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1))
    }
    // From here on it only grows.
    if (Math.min(...current) > limit) return limit + 1
    previous = current
  }
  return Math.min(previous[b.length] as number, limit + 1)
}

/** The known word that was probably meant: at most two edits away, and not a wholly different short word. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : 2
  let best: { name: string; distance: number } | undefined
  for (const name of known) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase(), limit)
    if (distance <= limit && (!best || distance < best.distance)) best = { name, distance }
  }
  return best?.name
}

const shownNames = 12

/** A fix for an unknown name: the nearest one, or the known ones. */
export function suggest(word: string, known: Iterable<string>, none = 'there is none here'): string {
  const names = [...known]
  const near = nearest(word, names)
  if (near !== undefined) return `did you mean \`${near}\`?`
  if (names.length === 0) return none
  const more = names.length > shownNames ? `, … (${names.length} in all)` : ''
  return `known: ${names.slice(0, shownNames).join(', ')}${more}`
}
