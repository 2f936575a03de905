import {
  type Before,
  cleansUp,
  failsTheRun,
  isDone,
  type PipelinePlan,
  type PipelineRunState,
  type PlanStep,
  type Schedule,
  stepState,
  viewPipelineRun,
} from '../../../src/pipeline/plan/index.ts'

/** The simple versions: each looks at everything. What keeps counts has to come to the same. */

export function scheduleByLooking(plan: PipelinePlan, state: PipelineRunState): Schedule {
  const step = (id: string) => plan.steps.find((each) => each.id === id) as PlanStep
  const statusOf = (id: string) => stepState(state, id).status
  const isOpen = (id: string) => !isDone(statusOf(id))
  const hasOpenNeeds = ({ needs }: PlanStep) => needs.some(isOpen)
  const isReady = (each: PlanStep) =>
    !hasOpenNeeds(each) || (each.start === 'any' && !each.needs.every(isOpen))
  const isWaiting = ({ id }: PlanStep) => statusOf(id) === 'waiting'
  const ready = plan.steps.filter((each) => isWaiting(each) && isReady(each))
  return {
    step,
    needsOf: ({ needs }) => needs.map(step),
    begun: plan.steps.filter((each) => !isWaiting(each) && isOpen(each.id)),
    takeReady() {
      for (let next = ready.shift(); next; next = ready.shift())
        if (next.start !== 'any' || isWaiting(next)) return next
      return undefined
    },
    hasOpenNeeds,
    reconsider() {
      ready.push(...plan.steps.filter((each) => each.start === 'any' && isWaiting(each) && isReady(each)))
    },
    ended({ id }) {
      ready.push(...plan.steps.filter((each) => each.needs.includes(id) && isReady(each)))
    },
    isFinished: () => !plan.steps.some(({ id }) => isOpen(id)),
    isCleanupAlone: () => plan.steps.every((each) => cleansUp(each) || !isOpen(each.id)),
    countItems: (more) =>
      more + Object.values(state.steps).reduce((sum, { items = [] }) => sum + items.length, 0),
    isFailing: () => plan.steps.some((each) => failsTheRun(each, state)),
  }
}

/** What of a state people see, line by line: the one that is written to first, then the others in the order of the plan. */
function linesOf(plan: PipelinePlan, state: PipelineRunState): Map<string, string> {
  const { steps, seq: _, ...run } = viewPipelineRun(plan, state, { id: '', finishedAtMs: null, outputs: {} })
  const lines = steps.map(({ seq: _seq, ...line }): [string, string] => [line.step, JSON.stringify(line)])
  return new Map([...lines, ['', JSON.stringify(run)]])
}

/** For plans whose steps have one item at most. */
export function countByLooking(plan: PipelinePlan, state: PipelineRunState): PipelineRunState {
  const count = (line: string) => {
    state.seq = (state.seq ?? 0) + 1
    const own = state.steps[line]
    if (own) (own.items?.[0] ?? own).seq = state.seq
  }
  function observe<T extends object>(target: T, written: string): T {
    const noting = (write: () => boolean): boolean => {
      const before = linesOf(plan, state)
      const isWritten = write()
      const changed = [...linesOf(plan, state)].filter(([line, text]) => before.get(line) !== text)
      for (const [line] of changed.toSorted(([a], [b]) => Number(b === written) - Number(a === written)))
        count(line)
      return isWritten
    }
    return new Proxy(target, {
      get(_, key) {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'object' || value === null) return value
        return observe(value, target === state.steps ? String(key) : written)
      },
      set(_, key, value: unknown) {
        const own = state.steps[written]
        // The item takes the line over as it is.
        if (key === 'items' && own) for (const item of value as { seq?: number }[]) item.seq = own.seq ?? 0
        return noting(() => Reflect.set(target, key, value))
      },
      deleteProperty: (_, key) => noting(() => Reflect.deleteProperty(target, key)),
    })
  }
  return observe(state, '')
}

export function beforeByLooking(steps: readonly Pick<PlanStep, 'id' | 'needs' | 'start'>[]): Before {
  const all = new Map<string, Set<string>>()
  const done = new Map<string, Set<string>>()
  for (const { id, needs, start } of steps) {
    const known = needs.map((need) => new Set([need, ...(done.get(need) ?? [])]))
    const before = new Set(needs.flatMap((need) => [need, ...(all.get(need) ?? [])]))
    const isIn = (one: string) =>
      start === 'any' ? known.every((each) => each.has(one)) : known.some((each) => each.has(one))
    all.set(id, before)
    done.set(id, new Set([...before].filter(isIn)))
  }
  return {
    isBefore: (other, id) => all.get(id)?.has(other) ?? false,
    isDoneBefore: (other, id) => done.get(id)?.has(other) ?? false,
  }
}
