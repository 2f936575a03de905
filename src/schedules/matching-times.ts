import type { SchedulesContext } from './options.ts'

/** What Temporal lists at once. */
const pageOfTimes = 1_000

/** The times at which a schedule in Temporal acts, after `fromMs` and before `untilMs`. @throws ServiceError with NOT_FOUND where there is none */
export async function matchingTimes(
  { client }: SchedulesContext,
  scheduleId: string,
  fromMs: number,
  untilMs: number,
): Promise<number[]> {
  const found: number[] = []
  for (let start = fromMs; ; ) {
    const { startTime } = await client.workflowService.listScheduleMatchingTimes({
      namespace: client.options.namespace,
      scheduleId,
      startTime: timestamp(start),
      endTime: timestamp(untilMs),
    })
    const times = (startTime ?? []).map(({ seconds, nanos }) => Number(seconds) * 1000 + (nanos ?? 0) / 1e6)
    found.push(...times.filter((at) => at > start && at < untilMs))
    const last = times.at(-1)
    if (times.length < pageOfTimes || last === undefined || last <= start) return found
    start = last
  }
}

function timestamp(ms: number) {
  const seconds = Math.floor(ms / 1000)
  // A Long, as protobufjs takes it.
  return { seconds: seconds as never, nanos: (ms - seconds * 1000) * 1e6 }
}
