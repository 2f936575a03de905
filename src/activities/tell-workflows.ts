import { setTimeout as pause } from 'node:timers/promises'
import { jsonBytes } from '../base/json.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'
import type { Waits } from './waits.ts'

/** Between two signals to one workflow: what ends together comes together. */
const everyMs = 40
/** Of one signal; Temporal warns from half a megabyte on. */
const signalBytes = 256 * 1024
const recordsPerSignal = 500

interface Letter {
  record: JobRunRecord
  /** Called once the workflow has it, or is over. */
  told: () => void
}

interface Mailbox {
  letters: Letter[]
  isSending: boolean
  sentAt: number
}

/** Tells workflows of ends: of one workflow's, all that came meanwhile with the next signal. */
export interface Teller {
  tell(workflowId: string, letter: Letter): void
}

/** @param failed told of what keeps a workflow from being told; what is in its box then is not told any more */
export function createTeller(waits: Pick<Waits, 'tell'>, failed: (error: unknown) => void): Teller {
  const boxes = new Map<string, Mailbox>()

  async function send(workflowId: string, box: Mailbox): Promise<void> {
    box.isSending = true
    // What one page of a feed brings is all in the box by then.
    await Promise.resolve()
    while (box.letters.length > 0) {
      const restMs = box.sentAt + everyMs - performance.now()
      if (restMs > 0) await pause(restMs)
      const letters = box.letters.splice(0, countOf(box.letters))
      await waits.tell(
        workflowId,
        letters.map(({ record }) => record),
      )
      box.sentAt = performance.now()
      for (const { told } of letters) told()
    }
    box.isSending = false
  }

  function forgetOld(): void {
    for (const [id, { isSending, sentAt }] of boxes)
      if (!isSending && performance.now() - sentAt > everyMs) boxes.delete(id)
  }

  return {
    tell(workflowId, letter) {
      if (!boxes.has(workflowId)) forgetOld()
      const box = boxes.get(workflowId) ?? {
        letters: [],
        isSending: false,
        sentAt: Number.NEGATIVE_INFINITY,
      }
      boxes.set(workflowId, box)
      box.letters.push(letter)
      if (!box.isSending) send(workflowId, box).catch(failed)
    },
  }
}

/** How many of them go into one signal; one at least. */
function countOf(letters: readonly Letter[]): number {
  let bytes = 0
  let count = 0
  for (const { record } of letters) {
    bytes += jsonBytes(record)
    if (count > 0 && (bytes > signalBytes || count >= recordsPerSignal)) break
    count += 1
  }
  return count
}
