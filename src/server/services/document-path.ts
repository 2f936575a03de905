import { limits } from '../../contract/index.ts'
import type { ProblemDetail } from './problems.ts'

function controlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** What is wrong with the name of a collection or a system; undefined when nothing is. */
export function nameProblem(
  pointer: string,
  name: string,
  options: { slashes: boolean },
): ProblemDetail | undefined {
  const found = JSON.stringify(name.slice(0, 80))
  if (name === '') return { pointer, detail: 'is empty; expected a name' }
  if (name.length > limits.nameCharacters)
    return {
      pointer,
      detail: `has ${name.length} characters; at most ${limits.nameCharacters} are taken`,
    }
  if (controlCharacter(name)) return { pointer, detail: `${found} holds a control character` }
  if (!name.isWellFormed()) return { pointer, detail: `${found} is not well-formed Unicode` }
  if (name.trim() !== name) return { pointer, detail: `${found} begins or ends with white space` }
  if (name === '.' || name === '..') return { pointer, detail: `${found} cannot be a name` }
  if (!options.slashes && /[/\\]/.test(name))
    return { pointer, detail: `${found} holds a slash or a backslash` }
  return undefined
}

/** What is wrong with the path of a document, in the order of a reader's surprise; undefined when nothing is. */
export function documentPathProblem(pointer: string, path: string): ProblemDetail | undefined {
  const found = JSON.stringify(path.slice(0, 120))
  const wrong = (what: string): ProblemDetail => ({
    pointer,
    detail: `${found} ${what}; expected a relative path such as specs/power.md`,
  })
  if (path === '') return wrong('is empty')
  if (path.length > limits.pathCharacters)
    return {
      pointer,
      detail: `has ${path.length} characters; at most ${limits.pathCharacters} are taken`,
    }
  if (controlCharacter(path)) return wrong('holds a control character')
  if (!path.isWellFormed()) return wrong('is not well-formed Unicode')
  if (path.includes('\\')) return wrong('holds a backslash')
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return wrong('is absolute')
  for (const segment of path.split('/')) {
    if (segment === '') return wrong('holds an empty segment')
    if (segment === '.' || segment === '..') return wrong(`holds the segment ${segment}`)
  }
  return undefined
}
