import { processIdentity } from '../base/process-lock.ts'
import { type StackRecord, writeRecord } from './record.ts'
import type { PartHooks } from './supervisor.ts'

/** Keeps stack.json true; writes follow one another. */
export function createRecordBook(dataDir: string, initial: StackRecord) {
  let record = initial
  let last: Promise<void> = Promise.resolve()
  const save = (next: StackRecord): Promise<void> => {
    record = next
    last = last.catch(() => undefined).then(() => writeRecord(dataDir, record))
    return last
  }
  const processChanged: PartHooks['processChanged'] = async (part, pid) => {
    const identity = pid === undefined ? undefined : await processIdentity(pid)
    const { [part]: _before, ...others } = record.children
    // A disk that is full by now is no reason to end what runs.
    await save({
      ...record,
      children: identity === undefined ? others : { ...others, [part]: identity },
    }).catch(() => undefined)
  }
  return {
    processChanged,
    save: () => save(record),
    async becomeReady() {
      await save({ ...record, ready: true })
      return record
    },
    async close() {
      const { owner: _owner, ...rest } = record
      await save({ ...rest, ready: false })
    },
  }
}
