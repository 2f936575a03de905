import type { ProblemDetail } from './problems.ts'

// RFC 9110: type "/" subtype, then parameters; quoted values without control characters.
const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=([\w!#$&^.+-]+|"[^"\\\p{Cc}]*"))*$/u

/** What is wrong with a Content-Type that will be sent back with the content one day; undefined when nothing is. */
export function mediaTypeProblem(text: string): ProblemDetail | undefined {
  if (text.length <= 255 && mediaType.test(text)) return undefined
  return {
    pointer: 'Content-Type',
    detail: `${JSON.stringify(text.slice(0, 80))} is not a media type; expected something like text/markdown`,
  }
}
