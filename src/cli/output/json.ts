/**
 * JSON for machines: indented, one final line break. JSON.stringify leaves DEL and the C1 controls as they are;
 * they are written as escapes, which means the same and cannot steer a terminal.
 */
export function renderJson(value: unknown): string {
  return `${safe(JSON.stringify(value ?? null, null, 2))}\n`
}

/** An error for machines, on one line: the last of stderr. */
export function errorJson(error: {
  code: string
  message: string
  fix?: string | undefined
  exitCode: number
}): string {
  const { code, message, fix, exitCode } = error
  const told = { code, message, ...(fix === undefined ? {} : { fix }), exit_code: exitCode }
  return `${safe(JSON.stringify({ error: told }))}\n`
}

function safe(json: string): string {
  const unsafe = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
  return json.replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
