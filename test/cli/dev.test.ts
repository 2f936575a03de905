import { stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { jobwright, withTempDir } from './helpers.ts'
import { isRunning } from './processes.ts'

describe('jobwright dev', () => {
  test('starts a stack that the other commands find by its data directory, and ends it on Ctrl-C', async () => {
    await withTempDir(async (cwd) => {
      const env = { JOBWRIGHT_DATA_DIR: path.join(cwd, '.jobwright'), JOBWRIGHT_LOG_LEVEL: 'warn' }
      const here = { cwd, env }
      let looked: Promise<unknown> | undefined
      let pids: Record<string, number> = {}
      const outcome = await jobwright(['dev', '--port', '0', '--output', 'json'], {
        ...here,
        onOutput: ({ stdout }, kill) => {
          if (!stdout.endsWith('}\n')) return
          looked ??= look(JSON.parse(stdout)).finally(() => kill('SIGINT'))
        },
      })
      await looked
      expect(outcome.code, outcome.stderr).toBe(0)
      expect(outcome.stderr).toContain('Stack stopped')
      expect(Object.values(pids).filter(isRunning)).toEqual([])

      async function look(info: {
        api_url: string
        token_file: string
        data_dir: string
        pids: typeof pids
      }) {
        pids = info.pids
        expect(Object.keys(pids).sort()).toEqual(['owner', 'server', 'temporal', 'worker'])
        expect((await stat(info.token_file)).mode & 0o077).toBe(0)
        const schemas = await jobwright(['jobs', 'schemas', '--output', 'json'], here)
        expect(schemas.code, schemas.stderr).toBe(0)
        expect(JSON.parse(schemas.stdout).map((entry: { job_type: string }) => entry.job_type)).toContain(
          'sleep',
        )
        const doctor = await jobwright(['doctor', '--output', 'json'], here)
        expect(JSON.parse(doctor.stdout)).toMatchObject({ healthy: true })
        const runs = await jobwright(['runs', '--output', 'json'], here)
        expect(JSON.parse(runs.stdout)).toEqual({ items: [], count: 0 })

        const second = await jobwright(['dev', '--port', '0'], here)
        expect(second).toMatchObject({ code: 3, stdout: '' })
        expect(second.stderr).toContain('error data_dir_in_use')
        expect(second.stderr).toContain(`process ${pids.owner}`)
        const port = new URL(info.api_url).port
        const other = await jobwright(['dev', '--port', port], {
          cwd,
          env: { ...env, JOBWRIGHT_DATA_DIR: path.join(cwd, 'other') },
        })
        expect(other).toMatchObject({ code: 3, stdout: '' })
        expect(other.stderr).toContain('error port_in_use')
        expect(other.stderr).toContain(port)
        expect(other.stderr).toContain('JOBWRIGHT_PORT')
      }
    })
  })
})
