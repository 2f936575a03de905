import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../../src/config.ts'
import { createRegistry, defineJobType } from '../../src/job-types/index.ts'
import { jobRunWorkers } from '../../src/worker/job-runs.ts'
import { defaultSlots, usableMemory } from '../../src/worker/slots.ts'

const GiB = 1024 ** 3

describe('How many handlers run at a time', () => {
  test.each([
    ['little memory', 0.25, [], 100],
    ['a container', 4, ['shared'], 256],
    ['a big machine', 64, ['shared'], 1_000],
    ['little memory, a process each', 0.25, ['process'], 4],
    ['a container, a process for some', 4, ['shared', 'process'], 21],
    ['a big machine, a process each', 64, ['process'], 100],
  ] as const)('follows from memory: %s', (_, gib, isolations, slots) => {
    expect(defaultSlots(isolations, gib * GiB)).toBe(slots)
  })

  test('by the limit of the container, where there is one', () => {
    expect(usableMemory(0, 8 * GiB)).toBe(8 * GiB)
    expect(usableMemory(2 * GiB, 8 * GiB)).toBe(2 * GiB)
    // No limit, as cgroups write it.
    expect(usableMemory(2 ** 63, 8 * GiB)).toBe(8 * GiB)
  })

  test('is what the environment says, for each task queue', async () => {
    const config = loadConfig({
      JOBWRIGHT_URL: 'http://127.0.0.1:1',
      JOBWRIGHT_WORKER_TOKEN: 'a-token-of-a-worker-that-is-long',
      JOBWRIGHT_ISOLATION: 'none',
      JOBWRIGHT_MAX_JOB_RUNS: '7',
    })
    const own = defineJobType({
      jobType: 'own',
      displayName: 'Own',
      description: 'Has a queue of its own.',
      taskQueue: 'gpu',
      config: z.looseObject({}),
      run: async () => undefined,
    })
    const workers = jobRunWorkers(config, {
      registry: createRegistry([own]),
      secrets: {},
      log: pino({ level: 'silent' }),
    })
    await workers.close()
    expect(workers.options.map((options) => options.maxConcurrentActivityTaskExecutions)).toEqual([7, 7])
    expect(new Set(workers.options.map(({ taskQueue }) => taskQueue)).size).toBe(2)
  })

  test.each(['0', '1.5', 'many', '10001'])('is refused when it is %s', (value) => {
    expect(() => loadConfig({ JOBWRIGHT_MAX_JOB_RUNS: value })).toThrow('JOBWRIGHT_MAX_JOB_RUNS')
  })
})
