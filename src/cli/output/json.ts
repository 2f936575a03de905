/**
 * JSON for machines: indented, one final line break. JSON.stringify leaves DEL and the C1 controls as they are;
 * they are written as escapes, which means the same and cannot steer a terminal.
 */
export function renderJson(value: unknown): string {
  const text = JSON.stringify(value ?? null, null, 2)
  const unsafe = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
  return `${text.replace(unsafe, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
