import { aborted } from '../../base/abort.ts'
import type { SteerVerb } from '../../pipeline/plan/index.ts'
import { type CliContext, note, type Pipelines } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl, shellWord } from '../output/text.ts'
import { stepName } from '../progress/steps.ts'
import { parseStepName, type StepName } from '../step-name.ts'

export interface SteerArgs {
  verb: SteerVerb
  /** Of the pipeline run. */
  id: string
  /** `STEP` or `STEP[ITEM]`. */
  step: string
  item?: number | undefined
  /** What is adopted. */
  jobRun?: string | undefined
}

/** `jobwright adopt|trigger|fail RUN STEP`: what a person decides of a trigger whose outcome is not known. */
export async function steerHandler(args: SteerArgs, ctx: CliContext): Promise<number> {
  const target = targetOf(args)
  const access = await ctx.connect()
  try {
    const deciding = decide(access.pipelines, args, target)
    // Nobody waits for it any more, once it is let go.
    deciding.catch(() => undefined)
    const done = await Promise.race([deciding, aborted(ctx.signal)])
    if (done === undefined) {
      note(ctx, 'let go: it may be done all the same; asked again, it is done once')
      return exitCodes.interrupted
    }
    if (ctx.output === 'json') {
      const run = args.jobRun === undefined ? {} : { job_run_id: args.jobRun }
      ctx.stdout.write(renderJson({ ...done, ...run }))
      return exitCodes.completed
    }
    ctx.stdout.write(`step ${stepName(target)} ${said(args)}\n`)
    note(ctx, `go on: jobwright watch ${shellWord(args.id)}`)
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

/** @throws JobwrightError `bad_step` */
function targetOf({ step: text, item }: SteerArgs): StepName {
  const named = parseStepName(text)
  if (item !== undefined && named.item !== undefined && item !== named.item)
    throw usageError('bad_step', `${escapeControl(text)} and --item ${item} are two items`, 'name one')
  return { step: named.step, item: item ?? named.item }
}

function decide(pipelines: Pipelines, { verb, id, jobRun = '' }: SteerArgs, target: StepName) {
  switch (verb) {
    case 'adopt':
      return pipelines.adopt(id, { ...target, jobRunId: jobRun })
    case 'trigger':
      return pipelines.trigger(id, target)
    case 'fail':
      return pipelines.fail(id, target)
  }
}

function said({ verb, jobRun = '' }: SteerArgs): string {
  switch (verb) {
    case 'adopt':
      return `goes on with job run ${escapeControl(jobRun)}`
    case 'trigger':
      return 'is triggered once more'
    case 'fail':
      return 'is given up: it has failed'
  }
}
