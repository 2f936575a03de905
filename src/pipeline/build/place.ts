import { fileURLToPath } from 'node:url'

/** A line of somebody's program. Both numbers start at 1. */
export interface Place {
  /** Absolute; empty where it is not known. */
  file: string
  line: number
  column: number
}

/** A place that is not worked out yet: formatting a stack costs more than taking it, and most places are never needed. */
export interface Mark {
  stack?: string
}

type AnyFunction = (...given: never[]) => unknown

/**
 * Marks the line that called a function of ours.
 * @param called that function: it and what it called are left out
 */
export function markCaller(called: AnyFunction): Mark {
  const mark: Mark = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 5
  // The text of a stack, and not its frames, is what source maps are applied to.
  Error.captureStackTrace(mark, called)
  Error.stackTraceLimit = limit
  return mark
}

const nowhere: Place = { file: '', line: 1, column: 1 }

/** The first frame of a program's own. */
export function placeOf(mark: Mark): Place {
  for (const line of (mark.stack ?? '').split('\n')) {
    const place = placeOfFrame(line)
    if (place) return place
  }
  return nowhere
}

/** `    at name (file:///a/b.ts:3:5)`, `    at /a/b.ts:3:5`, … */
function placeOfFrame(text: string): Place | undefined {
  const [, frame] = /^\s+at (?:async )?(.*)$/.exec(text) ?? []
  if (frame === undefined) return undefined
  const [, named] = /\((.*)\)$/.exec(frame) ?? []
  const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(named ?? frame) ?? []
  if (file === undefined || /^(node:|internal\/|native|<anonymous>)/.test(file)) return undefined
  return { file: pathOf(file), line: Number(line), column: Number(column) }
}

function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    const url = new URL(file)
    return fileURLToPath(`file://${url.host}${url.pathname}`)
  } catch {
    return file
  }
}
