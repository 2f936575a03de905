/** Where the operations on schedules are, below the base path: all that a client has to know of a route, and no schema. */
export const scheduleTargets = {
  applySchedule: { method: 'put', path: '/schedules/{name}' },
  listSchedules: { method: 'get', path: '/schedules' },
  getSchedule: { method: 'get', path: '/schedules/{name}' },
  deleteSchedule: { method: 'delete', path: '/schedules/{name}' },
  pauseSchedule: { method: 'post', path: '/schedules/{name}/pause' },
  resumeSchedule: { method: 'post', path: '/schedules/{name}/resume' },
  triggerSchedule: { method: 'post', path: '/schedules/{name}/trigger' },
  simulateSchedules: { method: 'post', path: '/schedules/simulate' },
  simulateSchedule: { method: 'get', path: '/schedules/{name}/simulation' },
  listTicks: { method: 'get', path: '/schedules/{name}/ticks' },
  startBackfill: { method: 'post', path: '/schedules/{name}/backfills' },
  listBackfills: { method: 'get', path: '/schedules/{name}/backfills' },
  getBackfill: { method: 'get', path: '/schedules/{name}/backfills/{backfill_id}' },
  pauseBackfill: { method: 'post', path: '/schedules/{name}/backfills/{backfill_id}/pause' },
  resumeBackfill: { method: 'post', path: '/schedules/{name}/backfills/{backfill_id}/resume' },
  cancelBackfill: { method: 'post', path: '/schedules/{name}/backfills/{backfill_id}/cancel' },
} as const
