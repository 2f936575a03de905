import type { Json } from '../../base/json.ts'
import { isObject } from '../schema.ts'
import { escaped } from './names.ts'

/** More of a description is for the documentation of the server. */
const maxLines = 20
const lineWidth = 100

/** The lines of the doc comment that a schema gives: its description, else its title; its default; whether it is deprecated. */
export function docOf(schema: Json | undefined): string[] {
  if (!isObject(schema)) return []
  const { description, title, default: fallback, deprecated } = schema
  const text = typeof description === 'string' ? description : typeof title === 'string' ? title : ''
  return [
    ...docLines(text),
    ...(fallback === undefined ? [] : docLines(`@default ${JSON.stringify(fallback)}`)),
    ...(deprecated === true ? ['@deprecated'] : []),
  ]
}

/** A text as lines of a doc comment, which nothing in it ends. */
export function docLines(text: string): string[] {
  const lines = text
    .trim()
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .flatMap((line) => wrapped(escaped(line.trimEnd()).replaceAll('*/', '*\\/')))
  return lines.length > maxLines ? [...lines.slice(0, maxLines), '…'] : lines.join('') === '' ? [] : lines
}

function wrapped(line: string): string[] {
  const lines = ['']
  for (const word of line.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && last.length + 1 + word.length > lineWidth) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
