import type { CancelIntent, Case, JudgedStep, Violation } from './expectations.ts'
import type { SeenRun } from './ledger.ts'

/** The promises, one function each. */
type Rule = (what: Case) => Violation[]

const idsOf = (runs: readonly SeenRun[]): string[] => runs.map(({ jobRunId }) => jobRunId)
const isOwnDoing = ({ request }: SeenRun): boolean => request.duplicate !== true

/** No generation has more than one run. What the network doubled is nobody's doing; it has to end, as any other. */
const once: Rule = ({ steps }) =>
  steps.flatMap(({ step: { name, generations = 1 }, runs }) => {
    const own = runs.filter(isOwnDoing)
    if (own.length <= generations) return []
    const message = `${name} was triggered ${own.length} times, at most ${generations} expected`
    return [{ rule: 'doubled', message, jobRunIds: idsOf(own) }]
  })

/** A run of no step may be a second one under another job. */
const accounted: Rule = ({ ledger, steps, expectations }) => {
  if (expectations.steps === undefined) return []
  const known = new Set(steps.flatMap(({ runs }) => idsOf(runs)))
  const strays = ledger.made.filter((run) => isOwnDoing(run) && !known.has(run.jobRunId))
  const unnamed = steps.reduce((sum, judged) => sum + unnamedRuns(judged), 0)
  if (strays.length <= unnamed) return []
  const message = `${strays.length} runs were triggered that no step names, at most ${unnamed} expected`
  return [{ rule: 'unaccounted', message, jobRunIds: idsOf(strays) }]
}

/** A step that did not get so far as to know its run may have one all the same. */
function unnamedRuns({ step: { outcomes = [] }, runs }: JudgedStep): number {
  const named = outcomes.flatMap(({ jobRunId }) => jobRunId ?? [])
  const open = outcomes.filter(
    ({ status, jobRunId }) => jobRunId === undefined && status !== 'completed' && status !== 'skipped',
  )
  const found = runs.filter(({ jobRunId }) => !named.includes(jobRunId))
  return Math.max(0, open.length - found.length)
}

/** What is reported as completed was completed where it ran. */
const completedThere: Rule = ({ ledger, steps }) =>
  steps.flatMap(({ step: { name, outcomes = [] }, runs }) =>
    outcomes.flatMap(({ status, jobRunId }): Violation[] => {
      if (status !== 'completed') return []
      const ends =
        jobRunId === undefined ? runs.map(({ end }) => end?.status) : [ledger.endOf(jobRunId)?.status]
      if (ends.includes('completed')) return []
      const found = ends.length === 0 ? 'no run' : ends.map((end) => end ?? 'not ended').join(', ')
      const message = `${name} is reported as completed; on the server: ${found}`
      return [
        { rule: 'not_completed', message, jobRunIds: jobRunId === undefined ? idsOf(runs) : [jobRunId] },
      ]
    }),
  )

/** Nobody takes a run that somebody else started for their own. */
const noStranger: Rule = ({ steps }) =>
  steps.flatMap(({ step: { name, outcomes = [] }, runs }) =>
    outcomes.flatMap(({ jobRunId }): Violation[] => {
      if (jobRunId === undefined || runs.some((run) => run.jobRunId === jobRunId)) return []
      const message = `${name} reports the run ${jobRunId}, which no request for ${name} made`
      return [{ rule: 'stranger', message, jobRunIds: [jobRunId] }]
    }),
  )

/** What a step needs is done before it is triggered. */
const needsFirst: Rule = ({ steps }) =>
  steps.flatMap(({ step, runs }) => {
    const { needs = [] } = step
    const earlyOf = (need: string) => {
      const needed = steps.find((one) => one.step.name === need)
      return runs.filter((run) => needed === undefined || !isDone(needed, run.askedAtMs))
    }
    const early = needs.map((need) => ({ need, runs: earlyOf(need) }))
    // One that was early for none of them was in time.
    const isMet = step.start === 'any' && early.some((each) => each.runs.length === 0)
    return early.flatMap(({ need, runs }) => {
      if (isMet || runs.length === 0) return []
      const message = `${step.name} was triggered before ${need} was done`
      return [{ rule: 'before_needs', message, jobRunIds: idsOf(runs) }]
    })
  })

function isDone({ step: { outcomes }, runs }: JudgedStep, atMs: number): boolean {
  const isEnded = ({ end }: SeenRun) => end !== undefined && end.atMs <= atMs
  const completed = runs.filter((run) => run.end?.status === 'completed' && isEnded(run))
  if (outcomes === undefined) return completed.length > 0
  const expected = outcomes.filter(({ status }) => status === 'completed').length
  // Where not all were completed, what is left has to be over.
  if (expected < outcomes.length)
    return completed.length >= expected && runs.filter(isOwnDoing).every(isEnded)
  return completed.length >= expected
}

/** Once all is over, nothing is left that nobody waits for. */
const nothingLeft: Rule = ({ ledger, expectations: { isOver = true } }) => {
  const left = isOver ? ledger.made.filter(({ end }) => end === undefined) : []
  return left.map(({ jobRunId, jobId }) => ({
    rule: 'left_active',
    message: `the run ${jobRunId} of the job ${jobId} has no end`,
    jobRunIds: [jobRunId],
  }))
}

/** Nothing is triggered once it was to stop, but to find out what became of a trigger whose answer was lost. */
const nothingAfterCancel: Rule = (what) =>
  (what.expectations.cancels ?? []).flatMap((intent) => {
    const meant = what.steps.filter(({ step }) => intent.steps?.includes(step.name) ?? true)
    return meant.flatMap(({ step, runs }) => {
      const late = runs.filter((run) => isAfter(run, intent) && !isAnotherTry(run, intent, what))
      if (late.length === 0) return []
      const message = `${step.name} was triggered after the cancel`
      return [{ rule: 'after_cancel', message, jobRunIds: idsOf(late) } satisfies Violation]
    })
  })

function isAfter({ askedAtMs }: SeenRun, { atMs, graceMs = 0 }: CancelIntent): boolean {
  return askedAtMs > atMs + graceMs
}

function isAnotherTry(run: SeenRun, { atMs }: CancelIntent, { ledger }: Case): boolean {
  return ledger.unanswered(run.jobId).some(({ sentAtMs, atMs: doneAtMs }) => (sentAtMs ?? doneAtMs) <= atMs)
}

/** No secret stands in what people read, in whatever form. */
const noSecrets: Rule = ({ expectations: { secrets = [], texts = {} } }) =>
  secrets.flatMap((secret, index) =>
    Object.entries(texts)
      .filter(([, text]) => formsOf(secret).some((form) => text.includes(form)))
      .map(([name]) => ({
        rule: 'secret_found',
        message: `secret ${index + 1} of ${secrets.length} stands in ${name}`,
        jobRunIds: [],
      })),
  )

function formsOf(secret: string): string[] {
  if (secret === '') return []
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '')
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64]
}

export const rules: readonly Rule[] = [
  once,
  accounted,
  completedThere,
  noStranger,
  needsFirst,
  nothingLeft,
  nothingAfterCancel,
  noSecrets,
]
