import { createHash } from 'node:crypto'
import { type ScheduleDefinition, scheduledRunId } from './plan/index.ts'

/** Whose schedule it is, and its name: what ids are made of. */
export type ScheduleIdentity = Pick<ScheduleDefinition, 'workspace' | 'name'>

/** Tells the runs of a schedule from those of one of the same name in another workspace. */
export function scheduleTag({ workspace, name }: ScheduleIdentity): string {
  return createHash('sha256')
    .update(`${workspace ?? ''}\n${name}`)
    .digest('hex')
    .slice(0, 6)
}

/** The id of a tick's own run: whoever starts it asks for the same one, and one of them gets it. */
export function ownRunId(schedule: ScheduleIdentity, nominalMs: number): string {
  return scheduledRunId(schedule.name, scheduleTag(schedule), nominalMs)
}
