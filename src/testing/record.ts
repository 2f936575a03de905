import type { HeldExchange } from './hold-points.ts'
import { type Answer, jsonOf, runsIn, type Seen } from './seen.ts'
import type { RequestEntry, ServerLogEntry } from './server-log.ts'

/** Writes down what a server did, as far as its answers tell. */
export class Recorder {
  readonly entries: ServerLogEntry[] = []
  readonly #seen: Seen
  #seq = 0

  constructor(seen: Seen) {
    this.#seen = seen
  }

  /** An exchange with the server. What becomes of its answer on the way to the client is added to the entry later. */
  exchange(
    exchange: HeldExchange,
    query: URLSearchParams,
    at: { sentAtMs: number; forwardedAtMs: number; fate?: 'lost' | 'duplicate' },
    answer: Answer | undefined,
  ): RequestEntry {
    const json = answer && jsonOf(answer)
    const { operation, method, path, body } = exchange
    const isMade = answer !== undefined && answer.status >= 200 && answer.status < 300
    const [made] = isMade && operation === 'createJobRun' ? runsIn(json) : []
    const entry: RequestEntry = {
      event: 'request',
      seq: this.#seq++,
      atMs: at.forwardedAtMs,
      method,
      path,
      query: Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)])),
      ...(body !== '' && { body: parsed(body) }),
      ...(answer && { status: answer.status }),
      ...(made && { made: { job_run_id: made.uuid, job_id: made.job_id, config: made['config'] } }),
      sentAtMs: at.sentAtMs,
      answered: false,
      ...(at.fate === 'lost' && { lost: true }),
      ...(at.fate === 'duplicate' && { duplicate: true }),
    }
    this.entries.push(entry)
    this.#remember(operation, isMade, json)
    this.#noteStatuses(json)
    return entry
  }

  #remember(operation: string, isMade: boolean, json: unknown): void {
    if (!isMade || (operation !== 'createJob' && operation !== 'createJobRun')) return
    const { uuid } = (json ?? {}) as { uuid?: unknown }
    if (typeof uuid === 'string' && !this.#seen.madeAtMs.has(uuid)) this.#seen.madeAtMs.set(uuid, Date.now())
  }

  #noteStatuses(json: unknown): void {
    for (const { uuid, job_id, status } of runsIn(json)) {
      if (this.#seen.statuses.get(uuid) === status) continue
      this.#seen.statuses.set(uuid, status)
      const atMs = Date.now()
      this.entries.push({ event: 'run_status', seq: this.#seq++, atMs, job_run_id: uuid, job_id, status })
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
