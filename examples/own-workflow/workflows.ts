import { runJob } from 'jobwright/workflow'

/** A workflow of your own: loops, conditions and `try` as you please, and each job is run once, whatever is killed meanwhile. */
export async function nightly(units: string[]): Promise<Record<string, unknown>> {
  await runJob({ step: 'prepare', jobType: 'sleep', config: { duration: '2s' } })
  const checks = await Promise.all(
    units.map((unit) =>
      runJob({
        step: unit,
        jobType: 'sleep',
        config: { duration: '3s' },
        timeout: '10m',
        retry: { attempts: 3, backoff: '5s' },
      }),
    ),
  )
  return Object.fromEntries(checks.map(({ outputs }, index) => [units[index] ?? '', outputs['slept']]))
}
