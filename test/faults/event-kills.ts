import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { PipelineRunsClient } from '../../src/client/index.ts'
import type { PipelineRunEvent, PipelineRunView } from '../../src/contract/index.ts'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { heldConfigFile } from '../helpers/held.ts'
import { startTestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

export interface FollowedUnderKills {
  /** Every event that the one reader got, over all its connections. */
  events: PipelineRunEvent[]
  /** The run as it was in the end. */
  view: PipelineRunView
  kills: number
}

const doneStatuses: readonly string[] = ['completed', 'failed', 'cancelled', 'skipped']

/** How many items each kill has to itself. */
const itemsOfOne = 6

/**
 * Follows one pipeline run while the real server is killed `kills` times, each time once the reader has got something new: for each kill
 * there are items that begin to end only when it is its turn, so that the run cannot be over before the last. Steps have their jobs on
 * the same server, and the run goes on as new executions every now and then.
 */
export async function followUnderKills(
  kills: number,
  tell: (line: string) => void = () => undefined,
): Promise<FollowedUnderKills> {
  const stack = await startTestStack({
    configFile: heldConfigFile,
    maxHistoryEvents: 400,
  })
  try {
    const runs = new PipelineRunsClient({ baseUrl: stack.apiUrl, token: stack.token, timeoutMs: 30_000 })
    const { plan } = compilePipeline(pipeline(kills, stack.dataDir), { file: 'follow.yaml' })
    if (!plan) throw new Error('the pipeline has a plan')
    // This client alone can have it go on as a new execution so soon.
    const started = await stack.pipelines.start(plan, {})
    const events: PipelineRunEvent[] = []
    const following = (async () => {
      for await (const event of runs.events(started.id)) events.push(event)
    })()
    let done = 0
    for (; done < kills; done++) {
      const known = events.length
      await writeFile(path.join(stack.dataDir, `turn-${done}`), '')
      await until('the next event', () => events.length > known)
      await stack.kill('server')
      await stack.start('server')
      tell(`${done + 1} kills, ${events.length} events`)
    }
    await following
    return { events, view: await runs.show(started.id), kills: done }
  } finally {
    await stack.stop()
  }
}

function pipeline(turns: number, folder: string): string {
  const items = Array.from({ length: turns }, (_, turn) => Array<number>(itemsOfOne).fill(turn)).flat()
  return `name: follow
steps:
  each: { for_each: ${JSON.stringify(items)}, max_parallel: 2, job_type: held, config: { file: "${folder}/turn-\${{ item }}" } }
  last: { needs: [each], job_type: sleep, config: { duration: 1ms } }
`
}

/** What is wrong with what a reader got: nothing may be lost, told twice, or out of order. */
export function breachesOf({ events, view }: FollowedUnderKills): string[] {
  const lines = events.flatMap((event) => (event.event === 'step' ? [event.step] : []))
  const found: string[] = []
  lines.forEach((line, index) => {
    const before = lines[index - 1]?.seq ?? 0
    if (line.seq <= before) found.push(`${nameOf(line)} came with ${line.seq} after ${before}`)
  })
  const ends = Map.groupBy(
    lines.filter(({ status }) => doneStatuses.includes(status)),
    nameOf,
  )
  for (const line of view.steps) {
    const seen = ends.get(nameOf(line)) ?? []
    if (seen.length !== 1) found.push(`the end of ${nameOf(line)} was told ${seen.length} times`)
    else if (JSON.stringify(seen[0]) !== JSON.stringify(line))
      found.push(`${nameOf(line)} was told otherwise`)
  }
  const last = events.at(-1)
  if (last?.event !== 'run' || last.run.status !== view.status || last.run.finished_at === null)
    found.push('the end of the run was not the last event')
  return found
}

function nameOf({ step, item }: { step: string; item?: number }): string {
  return item === undefined ? step : `${step}[${item}]`
}
