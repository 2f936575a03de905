import { type ItemState, type PipelineRunState, type StepState, stepState } from './state.ts'
import { isDone, type StepStatus } from './transitions.ts'
import type { PipelinePlan, PlanStep, StepRunView } from './types.ts'
import { viewItem, viewRun, viewStep } from './view.ts'

/** What people see of something, and how its change is counted. */
interface Seen {
  text(): string
  count(): void
}

/**
 * Has a state count what changes in it as people see it: each line of the view that reads differently after a write takes the
 * next count as its `seq`, and the run counts what is its own. The state observes its writes, so that none who writes has to
 * think of it. No two lines share a count: whoever knows all up to one can be told the others in their order.
 *
 * Write to what is returned only: the same state, observed.
 */
export function countChanges(plan: PipelinePlan, state: PipelineRunState): PipelineRunState {
  const countFor = (subject: { seq?: number }) => {
    state.seq = (state.seq ?? 0) + 1
    subject.seq = state.seq
  }
  const lines = new Map(plan.steps.map((step) => [step.id, lineOf(step, stepState(state, step.id))]))
  const dependents = Map.groupBy(
    plan.steps.flatMap(({ id, needs }) => needs.map((need) => ({ need, id }))),
    ({ need }) => need,
  )

  /** A step of many items is seen by them alone; one without `for_each` by its only item, once it has one. */
  function lineOf(step: PlanStep, own: StepState): Seen {
    const isSeen = () => !step.forEach || !own.items?.length
    return {
      text: () =>
        isSeen()
          ? textOf(own.items?.[0] ? viewItem(state, step, own.items[0], 0) : viewStep(state, step, own))
          : '',
      count: () => {
        if (isSeen()) countFor(own.items?.[0] ?? own)
      },
    }
  }
  function observeItem(step: PlanStep, item: ItemState, index: number): ItemState {
    const line: Seen = {
      text: () => textOf(viewItem(state, step, item, index)),
      count: () => countFor(item),
    }
    return observe(item, () => [line])
  }
  /** What waits says for what: that changes as this is done, and then in all that wait for it. */
  function countWaiting(step: PlanStep): void {
    for (const { id } of dependents.get(step.id) ?? []) {
      const { status, items } = stepState(state, id)
      if (status === 'waiting' && !items?.[0]) lines.get(id)?.count()
    }
  }
  function observeStep(step: PlanStep, own: StepState): StepState {
    const line = [lines.get(step.id) ?? []].flat()
    const observeItems = (items: ItemState[]) => items.map((item, index) => observeItem(step, item, index))
    if (own.items) own.items = observeItems(own.items)
    return observe(
      own,
      () => line,
      (key, value) => {
        if (key !== 'items') return value
        const items = value as ItemState[]
        if (step.forEach) items.forEach(countFor)
        // It takes over the line as it is.
        else for (const item of items) item.seq = own.seq ?? 0
        return observeItems(items)
      },
      (key, before, after) => {
        if (key === 'status' && isDone(before as StepStatus) !== isDone(after as StepStatus))
          countWaiting(step)
      },
    )
  }

  for (const step of plan.steps) state.steps[step.id] = observeStep(step, stepState(state, step.id))
  const countRun = () => countFor({})
  // Each write to them is seen.
  state.warnings = observe(state.warnings, () => [], undefined, countRun)
  const run: Seen = { text: () => JSON.stringify(viewRun(plan, state)), count: countRun }
  return observe(state, () => [run])
}

function textOf(line: StepRunView): string {
  return JSON.stringify({ ...line, seq: 0 })
}

/**
 * @param affected what may read differently after a write
 * @param taken what is written in place of a value
 * @param written told of a write, after what it affected is counted
 */
function observe<T extends object>(
  target: T,
  affected: (key: string | symbol) => readonly Seen[],
  taken: (key: string | symbol, value: unknown) => unknown = (_, value) => value,
  written: (key: string | symbol, before: unknown, after: unknown) => void = () => {},
): T {
  const noting = (key: string | symbol, write: () => boolean): boolean => {
    const seen = affected(key)
    const texts = seen.map(({ text }) => text())
    const before: unknown = Reflect.get(target, key)
    const isWritten = write()
    seen.forEach(({ text, count }, index) => {
      if (text() !== texts[index]) count()
    })
    written(key, before, Reflect.get(target, key))
    return isWritten
  }
  return new Proxy(target, {
    set: (_, key, value: unknown) =>
      Object.is(Reflect.get(target, key), value) ||
      noting(key, () => Reflect.set(target, key, taken(key, value))),
    deleteProperty: (_, key) => noting(key, () => Reflect.deleteProperty(target, key)),
  })
}
