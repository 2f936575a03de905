import type { Habits } from './habits.ts'
import type { ForeignServer } from './server.ts'
import type { PlantedRun } from './state.ts'
import type { EndStatus } from './types.ts'

/** What a test may tell the process of a foreign server. */
export interface Command {
  habits?: Partial<Habits>
  addRun?: PlantedRun & { jobId: string }
  endRun?: { uuid: string; status: EndStatus; outputs?: unknown[] }
}

export function obey(server: ForeignServer, { habits, addRun, endRun }: Command): { uuid?: string } {
  Object.assign(server.habits, habits)
  if (endRun) server.endRun(endRun.uuid, endRun.status, endRun.outputs)
  if (!addRun) return {}
  return { uuid: server.addRun(addRun.jobId, addRun).uuid }
}
