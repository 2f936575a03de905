import { JobwrightError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'

/** There is no such schedule, or none in the workspace that is asked about. */
export class ScheduleNotFoundError extends JobwrightError {
  override readonly name = 'ScheduleNotFoundError'

  /** @param known names of those there are */
  constructor(schedule: string, known: readonly string[]) {
    super({
      code: 'unknown_schedule',
      fault: 'usage',
      message: `no schedule ${schedule}`,
      fix: suggest(
        schedule,
        known,
        'there is none yet: `jobwright schedule apply FILE` makes those of a file',
      ),
    })
  }
}

/** Somebody ended in Temporal what keeps a schedule. */
export function endedKeeper(schedule: string): JobwrightError {
  return new JobwrightError({
    code: 'schedule_ended',
    fault: 'refused',
    message: `schedule ${schedule} was ended in Temporal, and nothing of it is due any more`,
    fix: 'apply it again (`jobwright schedule apply FILE`): it goes on where it stood; its ledger can be read meanwhile',
  })
}

/** Nobody takes up what is asked of a schedule. */
export function noWorker(what: string, cause?: unknown): JobwrightError {
  return new JobwrightError({
    code: 'no_worker',
    fault: 'unreachable',
    message: `no worker has taken up ${what}: as far as is known nothing was done; a worker that starts within moments may still do it`,
    fix: 'start one (`jobwright worker`, `jobwright dev`), and ask again: it is done once',
    cause,
  })
}

export function notFinished(what: string, cause: unknown): JobwrightError {
  return new JobwrightError({
    code: 'not_finished',
    fault: 'unreachable',
    message: `${what} was accepted, and is not done yet: a worker goes on with it`,
    fix: '`jobwright schedule show` says when it is; asked again, it is done once',
    cause,
  })
}

/** What makes an id, of something that is done once. @throws JobwrightError `bad_key` */
export function requireKey(of: 'trigger' | 'backfill', key: string): void {
  if (/^[0-9a-f]{1,64}$/.test(key)) return
  throw new JobwrightError({
    code: 'bad_key',
    fault: 'usage',
    message: `${JSON.stringify(key.slice(0, 80))} is no key of a ${of}`,
    fix: 'expected 1 to 64 of 0-9 and a-f',
  })
}
