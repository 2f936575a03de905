import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientOutcome, cut, deliver, isGone } from './deliver.ts'
import { type Course, courseOf, type Fault, straight } from './faults.ts'
import { forward } from './forward.ts'
import { type HeldExchange, type Hold, type HoldAt, HoldPoints } from './hold-points.ts'
import { type Operation, operationOf } from './operations.ts'
import { Recorder } from './record.ts'
import { type FaultScript, faultFor, type SeedOptions, scriptFromSeed } from './script.ts'
import { type Answer, Seen } from './seen.ts'
import type { RequestEntry, ServerLogEntry } from './server-log.ts'

export interface FaultProxyOptions {
  /** The address of a Jobs API, with its path: `http://127.0.0.1:8300/api/v1`. */
  target: string
  /** What goes wrong when; or a seed that it follows from. @default nothing */
  script?: FaultScript
  seed?: string | number
  /** How the script follows from the seed. */
  seeding?: SeedOptions
  /** @default a free one */
  port?: number
}

/** What the proxy did with an exchange. */
export interface ProxyLogEntry {
  seq: number
  atMs: number
  operation: Operation
  /** Which call of the operation since the script was set, from 1. */
  nth: number
  method: string
  path: string
  /** What was to happen. */
  fault?: Fault
  /** Whether it did: false for a stale list that would have been no different, and the like. */
  isHit: boolean
  /** Of the server's answer, and of the client's; absent when there was none. */
  serverStatus?: number
  clientStatus?: number
  client: ClientOutcome
}

export interface FaultProxy {
  /** What a client is given in the place of the target, with the same path. */
  readonly url: string
  /** What goes wrong, and the seed that it came from. */
  readonly script: FaultScript
  /** What the proxy did, in the order in which exchanges ended. */
  readonly log: readonly ProxyLogEntry[]
  /** What the server did, as `judge` reads it. */
  readonly serverLog: readonly ServerLogEntry[]
  /** Counts every operation's calls from 1 again. */
  setScript(script: FaultScript): void
  /** Holds an exchange, once, while `during` does something: kills a process, say. */
  onPoint(at: HoldAt, during: (exchange: HeldExchange) => Promise<void> | void): Hold
  /** Resolves when nothing is under way any more that would change something and that no client waits for: what is delivered late. */
  drained(): Promise<void>
  stop(): Promise<void>
}

/**
 * Stands between a client and any Jobs API, and lets go wrong what a script says.
 *
 * @example
 * ```ts
 * import { JobsClient } from 'jobwright/client'
 * import { startFaultProxy } from 'jobwright/testing'
 *
 * const proxy = await startFaultProxy({
 *   target: 'http://127.0.0.1:8300/api/v1',
 *   script: { rules: [{ operation: 'createJobRun', nth: 1, fault: { kind: 'drop_answer' } }] },
 * })
 * const api = new JobsClient({ baseUrl: proxy.url, token: 'TOKEN' })
 * await api.listJobs()
 * await proxy.stop()
 * ```
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, seed, seeding, port = 0 } = options
  const fromSeed = seed === undefined ? { rules: [] } : scriptFromSeed(seed, seeding)
  const desk = new Desk(new URL(target), options.script ?? fromSeed)
  // A connection that is closed just when its client uses it again would be a fault that nobody asked for.
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    desk.take(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}${new URL(target).pathname.replace(/\/+$/, '')}`,
    get script() {
      return desk.script
    },
    log: desk.log,
    serverLog: desk.recorder.entries,
    setScript: (script) => desk.setScript(script),
    onPoint: (at, during) => desk.points.on(at, during),
    drained: () => desk.drained(),
    async stop() {
      desk.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Taken {
  exchange: HeldExchange
  url: URL
  request: IncomingMessage
  response: ServerResponse
  body: Buffer
  sentAtMs: number
}

/** All that a proxy keeps while it stands. */
class Desk {
  script: FaultScript
  readonly log: ProxyLogEntry[] = []
  readonly points = new HoldPoints()
  readonly #seen = new Seen()
  readonly recorder = new Recorder(this.#seen)
  readonly #target: URL
  readonly #calls = new Map<Operation, number>()
  readonly #underWay = new Set<{ work: Promise<void>; isHarmless: () => boolean }>()
  readonly #ending = new AbortController()
  #overall = 0

  constructor(target: URL, script: FaultScript) {
    this.#target = target
    this.script = script
  }

  setScript(script: FaultScript): void {
    this.script = script
    this.#calls.clear()
    this.#overall = 0
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    // What a client does to its connection is no error of the proxy.
    request.on('error', () => {})
    response.on('error', () => {})
    // A look that nobody waits for changes nothing.
    const isHarmless = () => request.method === 'GET' || !isGone(response)
    this.#track(this.#exchange(request, response), isHarmless)
  }

  async drained(): Promise<void> {
    for (;;) {
      const late = [...this.#underWay].filter(({ isHarmless }) => !isHarmless())
      if (late.length === 0) return
      await Promise.all(late.map(({ work }) => work))
    }
  }

  stop(): void {
    this.#ending.abort()
  }

  #track(work: Promise<void>, isHarmless: () => boolean): void {
    const one = { work, isHarmless }
    this.#underWay.add(one)
    void work.finally(() => this.#underWay.delete(one))
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sentAtMs = Date.now()
    const body = await bodyOf(request)
    if (body === undefined) return
    const url = this.#targetOf(request.url ?? '/')
    const basePath = this.#target.pathname.replace(/\/+$/, '')
    const path = url.pathname.startsWith(basePath) ? url.pathname.slice(basePath.length) : url.pathname
    const method = request.method ?? 'GET'
    const { operation, id } = operationOf(method, path)
    const isClientWaiting = () => !isGone(response)
    const exchange = {
      ...{ operation, method, path, query: url.searchParams, body: body.toString('utf8'), isClientWaiting },
      cut: () => void cut(response),
    }
    const nth = (this.#calls.get(operation) ?? 0) + 1
    this.#calls.set(operation, nth)
    this.#overall += 1
    const fault = faultFor(this.script, operation, nth, this.#overall)
    const nowMs = () => Date.now()
    const course = fault && courseOf(fault, { id, seen: this.#seen, nowMs })
    const taken = { exchange, url, request, response, body, sentAtMs }
    const went = await this.#go(taken, course ?? straight)
    this.log.push({
      seq: this.log.length,
      atMs: sentAtMs,
      operation,
      nth,
      method,
      path,
      ...(fault && { fault }),
      ...went,
      isHit: course !== undefined && went.isHit,
    })
  }

  async #go(
    taken: Taken,
    course: Course,
  ): Promise<Pick<ProxyLogEntry, 'isHit' | 'serverStatus' | 'clientStatus' | 'client'>> {
    const { exchange, response } = taken
    await this.points.reach('before_send', exchange)
    const wasCut = course.isCutFirst ? cut(response) : undefined
    await this.#pause(course.forwardAfterMs)
    const [answer, entry] = course.copies === 0 ? this.#lose(taken) : await this.#forward(taken, false)
    if (course.copies === 2) this.#track(this.#again(taken, course.copyAfterMs), () => false)
    if (answer) {
      exchange.answer = { status: answer.status, body: answer.body.toString('utf8') }
      await this.points.reach('after_commit', exchange)
    }
    await this.#pauseFor(response, course.answerAfterMs)
    const given = course.answer(answer)
    await this.points.reach('before_answer', exchange)
    const outcome = wasCut ?? (await deliver(response, given, course, this.#ending.signal))
    const isWhole = outcome === 'answered' && given !== undefined
    if (isWhole) this.#seen.told(given)
    entry.answered = isWhole && (given === answer || isRefusal(given))
    if (isWhole) await this.points.reach('after_answer', exchange)
    return {
      isHit: course.answer === straight.answer || given !== answer,
      ...(answer && { serverStatus: answer.status }),
      ...(isWhole && { clientStatus: given.status }),
      client: outcome,
    }
  }

  async #forward(
    { exchange, url, request, body, sentAtMs }: Taken,
    isDuplicate: boolean,
  ): Promise<[Answer | undefined, RequestEntry]> {
    const forwardedAtMs = Date.now()
    const { signal } = this.#ending
    const mark = isDuplicate ? { 'x-fault-duplicate': '1' } : {}
    const headers = { ...request.headers, ...mark }
    const { sent, answer: answering } = forward({ url, method: exchange.method, headers, body, signal })
    const isSent = await sent
    if (isSent && !isDuplicate) await this.points.reach('after_send', exchange)
    const answer = this.#pointHere(await answering, request)
    const at = { sentAtMs, forwardedAtMs, ...(isDuplicate && { fate: 'duplicate' as const }) }
    return [answer, this.recorder.exchange(exchange, url.searchParams, at, answer)]
  }

  #lose({ exchange, url, sentAtMs }: Taken): [undefined, RequestEntry] {
    const at = { sentAtMs, forwardedAtMs: sentAtMs, fate: 'lost' as const }
    return [undefined, this.recorder.exchange(exchange, url.searchParams, at, undefined)]
  }

  async #again(taken: Taken, afterMs: number): Promise<void> {
    await this.#pause(afterMs)
    await this.#forward(taken, true)
  }

  #targetOf(asked: string): URL {
    const { pathname, search } = new URL(asked, 'http://proxy')
    return new URL(`${pathname}${search}`, this.#target.origin)
  }

  /** A redirect within the server stays within the proxy. */
  #pointHere(answer: Answer | undefined, { headers: { host } }: IncomingMessage): Answer | undefined {
    const location = answer?.headers['location']
    if (typeof location !== 'string' || !location.startsWith(`${this.#target.origin}/`)) return answer
    const moved = `http://${host}${location.slice(this.#target.origin.length)}`
    return answer && { ...answer, headers: { ...answer.headers, location: moved } }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => {})
  }

  /** Not longer than the client waits. */
  async #pauseFor(response: ServerResponse, ms: number): Promise<void> {
    if (ms <= 0 || isGone(response)) return
    const gone = new AbortController()
    const leave = () => gone.abort()
    response.once('close', leave)
    const signal = AbortSignal.any([gone.signal, this.#ending.signal])
    await sleep(ms, undefined, { signal }).catch(() => {})
    response.off('close', leave)
  }
}

/** Says that nothing was done. */
function isRefusal({ status }: Answer): boolean {
  return status >= 400 && status < 500
}

/** undefined when the client went away before it had sent all of it. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}
