import { JobsApiError, type WireJobRun } from '../../src/client/index.ts'
import type { Clock } from '../../src/polling/clock.ts'

/** A clock that stands still until it is told to go on, and then does everything in its order. */
export class VirtualClock implements Clock {
  #nowMs = 1_000
  #serial = 0
  readonly #timers = new Map<number, { atMs: number; work: () => void }>()

  now(): number {
    return this.#nowMs
  }

  after(ms: number, work: () => void): () => void {
    const id = this.#serial++
    this.#timers.set(id, { atMs: this.#nowMs + ms, work })
    return () => this.#timers.delete(id)
  }

  cpuMs(): number {
    return 0
  }

  random(): number {
    return 0.5
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  get timers(): number {
    return this.#timers.size
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await settled()
      let first: { id: number; atMs: number } | undefined
      for (const [id, { atMs }] of this.#timers)
        if (atMs <= untilMs && (first === undefined || atMs < first.atMs)) first = { id, atMs }
      if (first === undefined) break
      this.#nowMs = Math.max(this.#nowMs, first.atMs)
      const timer = this.#timers.get(first.id)
      this.#timers.delete(first.id)
      timer?.work()
    }
    this.#nowMs = untilMs
  }
}

/** Everything that is to be done without time passing has been done. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

interface FakeRun {
  uuid: string
  status: string
  createdMs: number
  /** What it was before, until when. */
  before: { status: string; untilMs: number } | undefined
}

type Query = Readonly<Record<string, unknown>>
export type Request = { atMs: number; kind: 'get' | 'list'; id?: string; query?: Query }
type Reply = 'proceed' | JobsApiError

/** A Jobs API in the tests' own time, with whatever faults are wanted. */
export class FakeApi {
  readonly requests: Request[] = []
  readonly runs = new Map<string, FakeRun>()
  latencyMs = 20
  /** Parameters of lists that have no effect. */
  ignored: readonly string[] = []
  /** Lists show what was there so long ago. */
  listLagMs = 0
  /** Says of a request that it fails. */
  fault: (request: Request) => Reply = () => 'proceed'
  /** What a list shows of what it should. */
  listed: (
    items: WireJobRun[],
    query: Query,
  ) => { items: WireJobRun[]; count?: number; next_cursor?: string } = (items) => ({
    items,
    count: items.length,
  })
  /** How a run is shown. */
  shown: (run: WireJobRun) => WireJobRun = (run) => run
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  start(uuid: string, status = 'running'): { jobRunId: string; createdAt: string } {
    const createdMs = this.#clock.now()
    this.runs.set(uuid, { uuid, status, createdMs, before: undefined })
    return { jobRunId: uuid, createdAt: stamp(createdMs) }
  }

  end(uuid: string, status = 'completed'): void {
    const run = this.runs.get(uuid)
    if (!run) return
    run.before = { status: run.status, untilMs: this.#clock.now() }
    run.status = status
  }

  getJobRun = async (uuid: string) => {
    await this.#arrive({ kind: 'get', id: uuid })
    const run = this.runs.get(uuid)
    if (!run) throw refusal(404, 'Job run not found')
    return this.#leave(this.shown(view(run)))
  }

  listJobRuns = async (query: Query = {}) => {
    await this.#arrive({ kind: 'list', query })
    const obeyed = Object.fromEntries(Object.entries(query).filter(([name]) => !this.ignored.includes(name)))
    const statuses = obeyed['statuses'] as readonly string[] | undefined
    const after = obeyed['created_after'] as string | undefined
    const atMs = this.#clock.now() - this.listLagMs
    const items = [...this.runs.values()]
      .filter(({ createdMs }) => createdMs <= atMs)
      .map((run) => (run.before && run.before.untilMs > atMs ? { ...run, status: run.before.status } : run))
      .filter(({ status }) => statuses === undefined || statuses.includes(status))
      .map(view)
      .filter(({ created_at: at }) => after === undefined || at >= after)
    return this.#leave(this.listed(items.map(this.shown), query))
  }

  async #arrive(what: Omit<Request, 'atMs'>): Promise<void> {
    const request = { atMs: this.#clock.now(), ...what }
    this.requests.push(request)
    await this.#clock.sleep(this.latencyMs / 2)
    const reply = this.fault(request)
    if (reply !== 'proceed') throw reply
  }

  async #leave<T>(answer: T): Promise<T> {
    await this.#clock.sleep(this.latencyMs / 2)
    return answer
  }
}

const stamp = (ms: number) => `2026-04-13T${new Date(ms).toISOString().slice(11, -1)}000`

function view({ uuid, status, createdMs }: FakeRun): WireJobRun {
  return { ...blankRun({ uuid, status }), created_at: stamp(createdMs), updated_at: stamp(createdMs) }
}

export function blankRun({ uuid, status }: { uuid: string; status: string }): WireJobRun {
  return {
    uuid,
    job_id: 'job',
    job_name: 'work',
    config: {},
    status,
    created_by: 'engineer@example.com',
    created_at: '',
    updated_at: '',
    is_deleted: false,
    output_references: [],
  }
}

export function refusal(status: number, reason: string, retryAfterMs?: number): JobsApiError {
  const isRejected = status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status)
  return new JobsApiError({
    kind: isRejected ? 'rejected' : 'ambiguous',
    code: `http_${status}`,
    status,
    reason,
    method: 'GET',
    url: 'http://api/job-runs',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

export const away = (): JobsApiError =>
  new JobsApiError({
    kind: 'not_sent',
    code: 'connection_refused',
    reason: 'could not connect',
    method: 'GET',
    url: 'http://api/job-runs',
  })
