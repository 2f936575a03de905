/**
 * What a server did, in a form that does not depend on the server: a line of JSON each in a file. It is the ground truth that `judge` reads.
 */

/** A run that a request made, whatever was answered. */
export interface MadeRun {
  job_run_id: string
  job_id: string
  config?: unknown
}

export interface RequestEntry {
  event: 'request'
  /** Orders entries of the same instant. */
  seq: number
  /** When the server did it. */
  atMs: number
  method: string
  /** Below the API's own path: `/job-runs`. */
  path: string
  query?: Record<string, string[]>
  body?: unknown
  /** Of the server's answer; absent when it gave none. */
  status?: number
  made?: MadeRun
  /** When the client sent it, where that is known. */
  sentAtMs?: number
  /** False when the client cannot know what became of it: it got no answer, or not the server's. */
  answered?: boolean
  /** It never arrived; whoever stands in between noted it. */
  lost?: boolean
  /** The network doubled a request: no client could prevent it. */
  duplicate?: boolean
}

export interface RunStatusEntry {
  event: 'run_status'
  seq: number
  atMs: number
  job_run_id: string
  job_id?: string
  status: string
  /** False for a run that somebody else started. */
  requested?: boolean
}

export type ServerLogEntry = RequestEntry | RunStatusEntry

/** Reads a log that was written as lines of JSON. A last line that was cut short by a kill is left out. */
export function parseServerLog(text: string): ServerLogEntry[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as ServerLogEntry]
    } catch (error) {
      if (index === lines.length - 1) return []
      throw error
    }
  })
}
