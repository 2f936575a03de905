import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  applyRecord,
  beginNextGeneration,
  countChanges,
  createItem,
  createPipelineRunState,
  type ItemState,
  isDone,
  type JobRunRecord,
  move,
  type PipelineRunState,
  type PipelineRunView,
  type PlanStep,
  shrinkState,
  skipItem,
  statusAfter,
  stepEvents,
  stepState,
  stepVerbs,
  viewPipelineRun,
} from '../../../src/pipeline/plan/index.ts'
import { beginTrigger } from '../../../src/protocol/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

const plan = planOf([
  planStep('a'),
  planStep('b', { needs: ['a'], forEach: { kind: 'literal', value: [1, 2, 3] } }),
  planStep('c', { needs: ['a', 'b'], usedOutputs: ['x'] }),
])
const viewOf = (state: PipelineRunState) =>
  structuredClone(viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} }))
const job = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: '', before: null, isMarked: false }
const record: JobRunRecord = {
  jobId: 'j',
  jobRunId: 'r',
  status: 'failed',
  error: null,
  outputs: {},
  jobRun: null,
}
const whatHappens = [...stepEvents, ...stepVerbs]

/** All that workflows do to a state, in any order: more than they would. */
const writes: readonly ((state: PipelineRunState, step: PlanStep, item: ItemState, n: number) => void)[] = [
  (_state, _step, item, n) => moveIfMay(item, n),
  (_state, _step, item, n) => moveIfMay(item, n),
  (state, step, _item, n) => moveIfMay(stepState(state, step.id), n),
  (state, step, _item, n) => {
    const own = stepState(state, step.id)
    if (!isDone(own.status)) own.items ??= Array.from({ length: step.forEach ? n % 4 : 1 }, createItem)
  },
  (_state, step, item, n) => applyRecord(item, step, { ...record, jobRunId: `r${n % 3}` }),
  (state, _step, item) =>
    !isDone(item.status) && statusAfter(item.status, 'was_skipped') && skipItem(state, item),
  (_state, _step, item) => beginNextGeneration(item),
  (_state, _step, item, n) => {
    item.error = n % 2 ? null : { code: 'e', message: String(n) }
  },
  (_state, _step, item, n) => {
    item.notBeforeMs = n % 2 ? null : n
    item.generationStartedAtMs = n % 3 ? null : n
    item.startedAtMs ??= n
  },
  (_state, _step, item, n) => {
    item.trigger = {
      ...beginTrigger(),
      job,
      phase: n % 2 ? 'settle' : 'parked',
      problem: n % 3 ? null : 'refused',
    }
  },
  (_state, _step, item) => {
    delete item.trigger
  },
  (_state, _step, item, n) => {
    item.cancelRequestedAtMs ??= n
  },
  (state, step) => {
    stepState(state, step.id).error = { code: 'e', message: 'of the step' }
    stepState(state, step.id).skippedBecause = 'so'
  },
  (state, _step, _item, n) => state.warnings.push(`warning ${n}`),
  (state) => {
    state.connection ??= { mode: 'fenced', valueReferences: true }
  },
  (state, _step, _item, n) => {
    state.cancelRequested = true
    state.cancelRequestedAtMs ??= n
  },
  (state) => shrinkState(state, 10),
]

function moveIfMay(subject: Pick<ItemState, 'status' | 'skippedBecause'>, n: number): void {
  const what = whatHappens[n % whatHappens.length]
  const next = what && statusAfter(subject.status, what)
  if (!next) return
  // Whoever skips says why, and what is done stays.
  if (next === 'skipped') subject.skippedBecause ??= 'so'
  move(subject, what)
}

const keyOf = ({ step, item }: { step: string; item?: number }) => `${step}/${item ?? '-'}`

function expectCounted(before: PipelineRunView, after: PipelineRunView): void {
  const { seq: runBefore, steps: linesBefore, ...headBefore } = before
  const { seq: runAfter, steps: linesAfter, ...headAfter } = after
  const earlier = new Map(linesBefore.map((line) => [keyOf(line), line]))
  for (const { seq, ...line } of linesAfter) {
    const was = earlier.get(keyOf(line))
    const { seq: seqBefore = -1, ...lineBefore } = was ?? {}
    const isSame = JSON.stringify(line) === JSON.stringify(lineBefore)
    if (isSame) expect({ ...line, seq }).toEqual({ ...line, seq: seqBefore })
    else
      expect(seq, `what changed since ${runBefore} is not counted: ${JSON.stringify(line)}`).toBeGreaterThan(
        runBefore,
      )
  }
  expect(runAfter).toBeGreaterThanOrEqual(Math.max(runBefore, ...linesAfter.map(({ seq }) => seq)))
  if (JSON.stringify(headAfter) !== JSON.stringify(headBefore)) expect(runAfter).toBeGreaterThan(runBefore)
  expect(new Set(linesAfter.map(({ seq }) => seq)).size, 'a count belongs to one line').toBe(
    linesAfter.length,
  )
}

test('whatever is written, each line that reads differently has a higher count, and no other line has', () => {
  const step = fc.record({
    write: fc.nat(writes.length - 1),
    step: fc.constantFrom(...plan.steps),
    item: fc.nat(2),
    n: fc.nat(60),
    goesOnAsNew: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (all) => {
      let state = countChanges(plan, createPipelineRunState(plan, 0))
      let before = viewOf(state)
      expect(before.steps.map(({ seq }) => seq)).toEqual([1, 2, 3])
      for (const { write, step, item, n, goesOnAsNew } of all) {
        if (goesOnAsNew) state = countChanges(plan, JSON.parse(JSON.stringify(state)) as PipelineRunState)
        writes[write]?.(state, step, stepState(state, step.id).items?.[item] ?? createItem(), n)
        const after = viewOf(state)
        expectCounted(before, after)
        before = after
      }
    }),
    { numRuns: 500 },
  )
})

test('a run that an earlier version began counts from when it goes on', () => {
  const old = createPipelineRunState(plan, 0)
  delete old.seq
  for (const own of Object.values(old.steps)) delete own.seq
  const state = countChanges(plan, old)
  expect(viewOf(state)).toMatchObject({ seq: 0, steps: [{ seq: 0 }, { seq: 0 }, { seq: 0 }] })
  move(stepState(state, 'a'), 'began')
  expect(viewOf(state)).toMatchObject({ seq: 1, steps: [{ seq: 1 }, { seq: 0 }, { seq: 0 }] })
})

test('what comes of a run is counted when no line changes any more', () => {
  const state = countChanges(plan, createPipelineRunState(plan, 0))
  const counts = [
    { finishedAtMs: null, outputs: {} },
    { finishedAtMs: null, outputs: { x: 1 } },
    { finishedAtMs: 1, outputs: { x: 1 } },
  ].map((end) => viewPipelineRun(plan, state, { id: 'p', ...end }).seq)
  expect(counts).toEqual([3, 4, 5])
})
