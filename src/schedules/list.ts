import { inBatches } from '../base/batches.ts'
import { badCursor } from '../pipelines/list-place.ts'
import { pollersOf } from '../temporal/index.ts'
import { lookForKeeper } from './keeper.ts'
import { lookAt } from './look.ts'
import { knownSchedules } from './names.ts'
import { type SchedulesContext, scopeOf } from './options.ts'
import type { ListSchedules, SchedulePage } from './types.ts'

/** Schedules that are asked at once. */
const atOnce = 8

/** By name, so that a page begins after the last name of the one before. */
export async function listSchedules(
  context: SchedulesContext,
  { limit = 100, pipeline, cursor }: ListSchedules,
): Promise<SchedulePage> {
  const scope = await scopeOf(context)
  const after = cursor === undefined || cursor === null ? undefined : readCursor(cursor, scope.workspace)
  const all = (await knownSchedules(context, scope)).filter(
    (one) =>
      (pipeline === undefined || one.pipeline === pipeline) && (after === undefined || one.name > after),
  )
  const page = all.slice(0, limit)
  // Without a worker each would be waited for.
  const isAnswered = (await pollersOf(context.client, scope.taskQueue, 'workflows')).length > 0
  const views = await inBatches(page, atOnce, async ({ name }) => {
    const keeper = await lookForKeeper(context, scope, name)
    return keeper && lookAt(context, keeper, { isAnswered })
  })
  const schedules = views.filter((view) => view !== undefined)
  const last = page.at(-1)
  const nextCursor = last && all.length > page.length ? writeCursor(last.name, scope.workspace) : null
  return { schedules, nextCursor }
}

function writeCursor(name: string, workspace: string | undefined): string {
  return Buffer.from(JSON.stringify(['schedules', workspace ?? null, name])).toString('base64url')
}

/** @throws JobwrightError `bad_cursor` */
function readCursor(cursor: string, workspace: string | undefined): string {
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor()
  }
  const [list, of, name] = Array.isArray(place) ? (place as unknown[]) : []
  if (list !== 'schedules' || of !== (workspace ?? null) || typeof name !== 'string') throw badCursor()
  return name
}
