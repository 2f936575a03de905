import type { TerminalHints } from '../config.ts'

/** What of a stream tells what kind of terminal it is, if any. */
export interface OutputStream {
  isTTY?: boolean | undefined
  columns?: number | undefined
  rows?: number | undefined
  hasColors?(): boolean
}

export interface Terminal {
  isTty: boolean
  /** Whether what was written can be drawn over. */
  canRedraw: boolean
  color: boolean
  /** Now; undefined when there is no terminal, or it does not know its size. */
  columns(): number | undefined
  rows(): number | undefined
}

/** The one place that knows what a stream can show, and what its user wants of it. */
export function terminalOf(stream: OutputStream, hints: TerminalHints): Terminal {
  const isTty = stream.isTTY === true
  // Some terminals say 0: nobody told them.
  const known = (size: number | undefined) => (isTty && size !== undefined && size > 0 ? size : undefined)
  const columns = () => known(stream.columns)
  const rows = () => known(stream.rows)
  const isPatient = !hints.isDumb && !hints.isAutomated
  return {
    isTty,
    canRedraw: isTty && isPatient && columns() !== undefined && rows() !== undefined,
    color: hints.color ?? (isTty && !hints.isDumb && stream.hasColors?.() === true),
    columns,
    rows,
  }
}
