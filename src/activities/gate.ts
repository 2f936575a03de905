import { setTimeout as pause } from 'node:timers/promises'

/**
 * Ends of one workflow's waits that are let through while one of its workflow tasks runs. Each is two events, and more than 100
 * that come meanwhile fail that task; the rest is for what the workers themselves bring (`maxTriggers` in src/workflows).
 */
export const completionsPerTask = 10
/** A workflow task runs for ten seconds at most. */
const patienceMs = 10_000
const lookAgainMs = 50

/** Lets so many through for each workflow, then waits until the workflow has taken them. */
export interface Gate {
  pass<T>(workflowId: string, work: () => Promise<T>): Promise<T>
}

interface Passage {
  /** Settles when everybody before has passed. */
  tail: Promise<void>
  passed: Promise<unknown>[]
  users: number
  lastAt: number
}

/**
 * @param runningTask what tells the workflow task that runs from others; undefined when none does
 * @param perTask how many are let through while one of them runs
 */
export function createGate(
  runningTask: (workflowId: string) => Promise<string | undefined>,
  perTask = completionsPerTask,
): Gate {
  const passages = new Map<string, Passage>()

  async function untilTaken(workflowId: string, passage: Passage): Promise<void> {
    await Promise.allSettled(passage.passed)
    const deadline = Date.now() + patienceMs
    const first = await runningTask(workflowId)
    let now = first
    while (now !== undefined && now === first && Date.now() < deadline) {
      await pause(lookAgainMs)
      now = await runningTask(workflowId)
    }
    passage.passed = []
  }

  function passageOf(workflowId: string): Passage {
    const found = passages.get(workflowId)
    if (found) return found
    // What came longer ago than a workflow task can run has been taken.
    for (const [id, { users, lastAt }] of passages)
      if (users === 0 && Date.now() - lastAt > patienceMs) passages.delete(id)
    const made: Passage = { tail: Promise.resolve(), passed: [], users: 0, lastAt: 0 }
    passages.set(workflowId, made)
    return made
  }

  return {
    async pass(workflowId, work) {
      const passage = passageOf(workflowId)
      passage.users += 1
      const turn = passage.tail.then(async () => {
        if (passage.passed.length >= perTask) await untilTaken(workflowId, passage)
        const running = work()
        running.catch(() => {})
        passage.passed.push(running)
        passage.lastAt = Date.now()
        // In an object, as the next one has not to wait for its end.
        return { running }
      })
      passage.tail = turn.then(
        () => {},
        () => {},
      )
      try {
        return await (await turn).running
      } finally {
        passage.users -= 1
      }
    },
  }
}
