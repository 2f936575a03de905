import { propertyName, quoted } from './names.ts'
import { type Field, isKeyword, type TypeNode } from './type-node.ts'

/** Of a line with a union in it; a longer one gets a line for each of its members. */
const lineWidth = 80

/** Where lines after the first begin; undefined where all stands on one line, without doc comments. */
type Indent = string | undefined

/** A type as TypeScript, two spaces a level; lines after the first are indented by `indent`. */
export function printType(node: TypeNode, indent: Indent = ''): string {
  return print(node, indent)
}

/** On one line, for messages. */
export function printInline(node: TypeNode): string {
  return print(node, undefined)
}

function print(node: TypeNode, indent: Indent): string {
  switch (node.kind) {
    case 'keyword':
    case 'alias':
      return node.name
    case 'literal':
      return typeof node.value === 'string' ? quoted(node.value) : String(node.value)
    case 'array':
      return `${inParentheses(node.item, indent)}[]`
    case 'tuple':
      return printTuple(node, indent)
    case 'object':
      return printObject(node, indent)
    case 'intersection':
      return node.of
        .map((one) => (one.kind === 'union' ? inParentheses(one, indent) : print(one, indent)))
        .join(' & ')
    case 'union':
      return printUnion(node.of, indent)
  }
}

function inParentheses(node: TypeNode, indent: Indent): string {
  const text = print(node, indent)
  return node.kind === 'union' || node.kind === 'intersection' ? `(${text})` : text
}

function printTuple({ items, required, rest }: Extract<TypeNode, { kind: 'tuple' }>, indent: Indent): string {
  const parts = items.map((item, index) =>
    index < required ? print(item, indent) : `${inParentheses(item, indent)}?`,
  )
  return `[${[...parts, ...(rest ? [`...${inParentheses(rest, indent)}[]`] : [])].join(', ')}]`
}

function printObject({ fields, index }: Extract<TypeNode, { kind: 'object' }>, indent: Indent): string {
  const inner = deeper(indent)
  const key = '[key: string]:'
  const lines = [
    ...fields.map((field) => printProperty(field, inner)),
    ...(index ? [`${key}${afterColon(index, inner)}`] : []),
  ]
  if (lines.length === 0) return '{}'
  const isShort = fields.length === 0 && !lines.some((line) => line.includes('\n'))
  if (indent === undefined || isShort) return `{ ${lines.join('; ')} }`
  return `{\n${lines.map((line) => `${inner}${line}`).join('\n')}\n${indent}}`
}

const deeper = (indent: Indent): Indent => (indent === undefined ? undefined : `${indent}  `)

/** A property with its doc comment, without the indent of its first line. */
export function printProperty({ name, type, optional, doc }: Field, indent: Indent): string {
  const comment = indent === undefined ? '' : printDoc(doc, indent)
  return `${comment}${propertyName(name)}${optional ? '?' : ''}:${afterColon(type, indent)}`
}

/** A doc comment with its line break and what the next line begins with, or nothing. */
export function printDoc(lines: readonly string[], indent: string): string {
  if (lines.length === 0) return ''
  if (lines.length === 1) return `/** ${lines[0]} */\n${indent}`
  return `/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n${indent}`
}

function afterColon(node: TypeNode, indent: Indent): string {
  const text = print(node, indent)
  return text.startsWith('\n') ? text : ` ${text}`
}

function printUnion(members: readonly TypeNode[], indent: Indent): string {
  const texts = members.map((one) => print(one, indent))
  const others = members.filter((one) => !isKeyword(one, 'null'))
  const isShort = texts.every((text) => !text.includes('\n')) && texts.join(' | ').length <= lineWidth
  // What may be null is still one thing.
  if (indent === undefined || isShort || others.length === 1) return texts.join(' | ')
  const inner = deeper(indent)
  return members.map((one) => `\n${inner}| ${print(one, deeper(inner))}`).join('')
}
