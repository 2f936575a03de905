import { createPoller, leaseMs, type Poller, type PollWarning, type WaitEnd } from '../polling/index.ts'
import { eachOf } from './each-of.ts'
import { rejected } from './failures.ts'
import { toRecord } from './job-run-record.ts'
import { waitLost } from './recover-waits.ts'
import type { Connection } from './types.ts'
import { maskJson } from './unfenced/masked.ts'
import type { KeptWait, Pollers, Presence, Waits } from './waits.ts'

/** A wait that nobody takes the end of is let go after this; the poller tries for little longer. */
const refusedMs = 4_000

interface KeptPoller {
  poller: Poller
  waits: Map<string, KeptWait & { refusedAtMs?: number }>
}

/** Where warnings go. */
export interface PollersLog {
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
}

/** What was just made may be missing from lists for so long, where the operator does not say. */
const listingMs = 60_000
const handedOverAtOnce = 20

/** A poller for each connection that something waits on. */
export function createPollers({
  connection,
  waits,
  presence,
  log,
}: {
  connection: (name: string) => Connection | undefined
  waits: Waits
  presence: Presence
  log: PollersLog
}): Pollers {
  const kept = new Map<string, KeptPoller>()
  const handedOver = waitLost('worker_shutdown', 'the worker is shutting down; another one goes on')
  let isOver = false

  function keptOf(name: string): KeptPoller {
    const found = kept.get(name)
    if (found) return found
    const settings = connection(name)
    if (!settings) throw rejected('unknown_connection', `this worker has no connection named ${name}`)
    const own: KeptPoller = {
      waits: new Map(),
      poller: createPoller({
        api: settings.api,
        requestsPerSecond: settings.requestsPerSecond,
        listingMs: settings.bounds?.listingMs ?? listingMs,
        deliver: (id, end) => deliver(own, id, end),
        onWarning: (warning: PollWarning) => log.warn({ connection: name, ...warning }, 'waiting'),
      }),
    }
    kept.set(name, own)
    return own
  }

  async function deliver(own: KeptPoller, id: string, end: WaitEnd): Promise<'delivered' | 'not_now'> {
    const wait = own.waits.get(id)
    if (!wait) return 'delivered'
    const outcome =
      end.kind === 'ended'
        ? await waits.complete(wait.ref, toRecord(maskJson(wait.secrets, end.run)))
        : await waits.lookAgain(wait.ref, rejected(end.code, wait.secrets.mask(end.message)))
    if (outcome === 'completed') {
      own.waits.delete(id)
      return 'delivered'
    }
    // Another worker has it by now, or nobody: the poller gives it up in a moment, too.
    wait.refusedAtMs ??= Date.now()
    if (Date.now() - wait.refusedAtMs > refusedMs) own.waits.delete(id)
    return 'not_now'
  }

  return {
    of: (name) => keptOf(name).poller,
    async register(name, wait) {
      if (!isOver) await presence.begin()
      if (isOver) throw handedOver
      const own = keptOf(name)
      const id = `${wait.ref.workflowId}\n${wait.ref.activityId}`
      own.waits.set(id, wait)
      own.poller.add({ id, jobRunId: wait.jobRunId, createdAt: wait.createdAt })
    },
    leaseMs: (name) => leaseMs(keptOf(name).poller.size()),
    async handOver() {
      isOver = true
      for (const { poller, waits: open } of kept.values())
        await eachOf(await poller.stop(), handedOverAtOnce, async ({ id }) => {
          const wait = open.get(id)
          if (wait) await waits.lookAgain(wait.ref, handedOver)
        })
      // If something could not be handed over, it goes on unheard of, and what waits here is taken for lost.
      await presence.end()
    },
  }
}
