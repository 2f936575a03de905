import { StackError } from './errors.ts'
import { type Part, type PartHooks, type PartSpec, supervise } from './supervisor.ts'

export type Crew = ReturnType<typeof createCrew>

/** The parts that were started, which end in a fixed order. */
export function createCrew(hooks: PartHooks) {
  const parts = new Map<string, Part>()
  let stopping = false
  const start = (spec: PartSpec): Part => {
    if (stopping) throw new StackError('interrupted', 'the stack is being stopped')
    const part = supervise(spec, hooks)
    parts.set(spec.name, part)
    return part
  }
  return {
    start,
    done: async () => void (await Promise.all([...parts.values()].map((part) => part.done))),
    async stop() {
      stopping = true
      // The worker hands its waits over, which needs the server and Temporal; the server needs Temporal.
      for (const name of ['worker', 'server', 'temporal']) await parts.get(name)?.stop()
    },
  }
}
