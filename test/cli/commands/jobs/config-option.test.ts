import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readConfigOption } from '../../../../src/cli/commands/jobs/config-option.ts'
import { withTempDir } from '../../helpers.ts'

test('a config is JSON on the command line, or in a file', async () => {
  await withTempDir(async (directory) => {
    await writeFile(path.join(directory, 'config.json'), '{"seconds": 2}')
    expect(await readConfigOption('{"seconds": 1}', directory)).toEqual({ seconds: 1 })
    expect(await readConfigOption('@config.json', directory)).toEqual({ seconds: 2 })
  })
})

test.each([
  ['{"password": "hunter2"', 'not JSON'],
  ['[1]', 'found a list'],
  ['null', 'found null'],
  ['7', 'found a number'],
  ['{"password":"hunter2","n":[9007199254740993]}', '/n/0'],
  ['{"password":"hunter2","password":""}', 'stands twice'],
])('%s is refused without repeating it', async (text, problem) => {
  const refused = readConfigOption(text, '/')
  await expect(refused).rejects.toMatchObject({ code: 'bad_config', fault: 'usage' })
  const message = await refused.catch((error: Error) => error.message)
  expect(message).toContain(problem)
  expect(message).not.toContain('hunter2')
})

test('a file that is not there is named', async () => {
  await expect(readConfigOption('@missing.json', '/tmp')).rejects.toMatchObject({
    code: 'no_such_file',
    message: expect.stringContaining('missing.json'),
  })
})
