/** One problem of a file, for people and for editors. `line` and `column` start at 1. */
export interface Finding {
  /** Stable, for machines: `unknown_step`, `bad_duration`, … */
  code: string
  severity: 'error' | 'warning'
  file: string
  line: number
  column: number
  message: string
  fix: string
}

export interface Problem {
  code: string
  /** UTF-16 offset into the text. */
  offset: number
  message: string
  fix: string
  severity?: 'error' | 'warning'
}

/** Collects the problems of one file. */
export interface Reporter {
  add(problem: Problem): void
  /** From now on nothing more is said of what is between these offsets: it is only a stand-in. */
  mute(start: number, end: number): void
  /** 1-based. */
  lineAt(offset: number): number
  hasErrors(): boolean
  /** So many errors that nobody needs more: the rest of the checks may be left out. */
  isFull(): boolean
  /** In the order of the file, each problem once. */
  findings(): Finding[]
}

/** Of each severity. More would help nobody, and a hostile file could have a million. */
export const maxFindings = 200

/** `locate` gives the 1-based place of an offset; below 1 counts as 1. A place may be in another file than the first. */
export function createReporter(
  file: string,
  locate: (offset: number) => { file?: string; line: number; column: number },
): Reporter {
  const found = { error: new Map<string, Finding>(), warning: new Map<string, Finding>() }
  const muted: { start: number; end: number }[] = []
  const position = (offset: number) => {
    const place = locate(Math.max(0, offset))
    return { file: place.file ?? file, line: Math.max(1, place.line), column: Math.max(1, place.column) }
  }
  return {
    add({ code, offset, message, fix, severity = 'error' }) {
      if (muted.some(({ start, end }) => offset >= start && offset < end)) return
      const place = position(offset)
      const key = `${place.file}:${place.line}:${place.column}:${code}:${message}`
      const same = found[severity]
      if (same.size < maxFindings) same.set(key, { code, severity, ...place, message, fix })
    },
    mute: (start, end) => void muted.push({ start, end }),
    lineAt: (offset) => position(offset).line,
    hasErrors: () => found.error.size > 0,
    isFull: () => found.error.size >= maxFindings,
    findings: () =>
      [...found.error.values(), ...found.warning.values()].sort(
        (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column,
      ),
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Takes only what is said of a part of the file. */
export function reporterWithin(reporter: Reporter, start: number, end: number): Reporter {
  return {
    ...reporter,
    add: (problem) => {
      if (problem.offset >= start && problem.offset <= end) reporter.add(problem)
    },
  }
}
