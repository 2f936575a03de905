import { isTerminalStatus } from '../contract/index.ts'

/** An answer as it goes over the wire, its body decoded. */
export interface Answer {
  status: number
  headers: Record<string, string | string[]>
  body: Buffer
}

export interface RunLike {
  uuid: string
  job_id: string
  status: string
  [field: string]: unknown
}

/** What a proxy remembers of the things it saw pass. */
export class Seen {
  /** When the server answered that it made a job or a run, by id. */
  readonly madeAtMs = new Map<string, number>()
  /** The last status that the server told, by run. */
  readonly statuses = new Map<string, string>()
  /** Runs that a client was told to have ended. */
  readonly toldEnded = new Set<string>()

  /** Takes note of what a client was told. */
  told(answer: Answer): void {
    for (const { uuid, status } of runsIn(jsonOf(answer)))
      if (isTerminalStatus(status)) this.toldEnded.add(uuid)
  }
}

/** undefined for anything but a JSON body. */
export function jsonOf({ body }: Answer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isRun(value: object): value is RunLike {
  const { uuid, job_id, status } = value as Record<string, unknown>
  return typeof uuid === 'string' && typeof job_id === 'string' && typeof status === 'string'
}

/** Every job run in an answer, however deep. */
export function runsIn(value: unknown): RunLike[] {
  if (typeof value !== 'object' || value === null) return []
  const own = isRun(value) ? [value] : []
  return [...own, ...Object.values(value).flatMap(runsIn)]
}

/** The answer with its runs changed; the same one when none was. */
export function withRuns(answer: Answer, change: (run: RunLike) => RunLike): Answer {
  let isChanged = false
  const visit = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(visit)
    if (isRun(value)) {
      const changed = change(value)
      isChanged ||= changed !== value
      return changed
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]))
  }
  const changed = visit(jsonOf(answer))
  return isChanged ? { ...answer, body: Buffer.from(JSON.stringify(changed)) } : answer
}

/** The list without some of its items, its `count` less by as many; the same one when none was left out. */
export function withoutItems(answer: Answer, isLeftOut: (item: Record<string, unknown>) => boolean): Answer {
  const list = jsonOf(answer) as { items?: unknown; count?: unknown } | null | undefined
  if (!Array.isArray(list?.items)) return answer
  const items = (list.items as Record<string, unknown>[]).filter((item) => !isLeftOut(item))
  const missing = list.items.length - items.length
  if (missing === 0) return answer
  const count = typeof list.count === 'number' ? list.count - missing : list.count
  return { ...answer, body: Buffer.from(JSON.stringify({ ...list, items, count })) }
}
