import type { JsonObject } from '../../../base/json.ts'
import { jsonPointer } from '../../../base/json-pointer.ts'
import { jsonTextProblems } from '../../../base/json-text.ts'
import { limits } from '../../../contract/index.ts'
import { usageError } from '../../errors.ts'
import { readTextFile } from '../../pipeline-file.ts'

/**
 * `--config`: a JSON object, or `@FILE` that holds one.
 * @throws JobwrightError `bad_config`, or what reading the file throws; never repeats the text, which may hold secrets
 */
export async function readConfigOption(text: string, cwd: string): Promise<JsonObject> {
  const fromFile = text.startsWith('@')
  const place = fromFile ? text.slice(1) : '--config'
  const json = fromFile ? await readTextFile(place, cwd) : text
  const problem = jsonTextProblems(json, limits.jsonDepth)[0]
  if (problem?.kind === 'malformed')
    throw usageError(
      'bad_config',
      `${place} is not JSON (at character ${problem.offset})`,
      `for example --config '{"duration": "1s"}', or --config @file.json`,
    )
  if (problem !== undefined)
    throw usageError(
      'bad_config',
      `${place}, at character ${problem.offset} (${jsonPointer(problem.path)}): ${problem.detail}`,
      'write it so that it can be kept as it is',
    )
  const value: unknown = JSON.parse(json)
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw usageError(
      'bad_config',
      `${place}: expected a JSON object, found ${kindOf(value)}`,
      `for example --config '{"duration": "1s"}'`,
    )
  return value as JsonObject
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
