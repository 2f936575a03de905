import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml'
import { createReporter, type Finding, type Reporter } from './findings.ts'
import type { MapEntry, MapNode, Node } from './nodes.ts'

export const fileLimits = { bytes: 1024 * 1024, nodes: 50_000, depth: 32, aliases: 100 } as const

/** A file as nodes, or nothing when it is no usable YAML; the reporter knows why. */
export interface ReadFile {
  text: string
  root?: Node
  reporter: Reporter
}

const quoteFix = `put the whole value in quotes: '\${{ … }}' (YAML ends a plain value at ": ", " #" and, between brackets, at ",", "]" and "}")`

/**
 * Bytes as text.
 * @returns the text, or the offset of the first byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { badByte: number } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { badByte: firstBadByte(bytes) }
  }
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1
  if (first >= 0xc2 && first < 0xe0) return 2
  if (first >= 0xe0 && first < 0xf0) return 3
  return first >= 0xf0 && first < 0xf5 ? 4 : 0
}

function firstBadByte(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] as number)
    try {
      if (length === 0) return at
      if (length > 1) decoder.decode(bytes.subarray(at, at + length))
    } catch {
      return at
    }
    at += length
  }
  return bytes.length
}

/** The finding for bytes that are no text. */
export function badUtf8(file: string, badByte: number): Finding {
  return {
    code: 'bad_utf8',
    severity: 'error',
    file,
    line: 1,
    column: 1,
    message: `byte ${badByte} is not valid UTF-8`,
    fix: 'save the file as UTF-8',
  }
}

/** Reads YAML with its positions. Never throws: whatever is wrong is a finding. */
export function readYaml(text: string, file: string): ReadFile {
  const lines = new LineCounter()
  const reporter = createReporter(file, lines)
  const bytes = Buffer.byteLength(text)
  if (bytes > fileLimits.bytes) {
    reporter.add({
      code: 'file_too_large',
      offset: 0,
      message: `the file has ${bytes} bytes; at most ${fileLimits.bytes} are read`,
      fix: 'split it into several pipelines',
    })
    return { text, reporter }
  }
  let document: Document.Parsed
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: false,
      intAsBigInt: true,
      prettyErrors: false,
      logLevel: 'silent',
    })
  } catch (error) {
    // Only a stack that ran out gets here: the parser itself reports.
    const message = error instanceof RangeError ? 'the file is nested too deeply' : String(error)
    reporter.add({ code: 'too_deep', offset: 0, message, fix: `nest at most ${fileLimits.depth} levels` })
    return { text, reporter }
  }
  reportSyntax(document, text, reporter)
  if (reporter.hasErrors()) return { text, reporter }
  if (document.contents === null) {
    reporter.add({
      code: 'empty_file',
      offset: 0,
      message: 'the file is empty',
      fix: 'a pipeline needs at least `name` and `steps`',
    })
    return { text, reporter }
  }
  const root = createConverter(document, text, reporter).convert(document.contents as YamlNode, 0)
  return root === undefined ? { text, reporter } : { text, reporter, root }
}

function lineAround(text: string, offset: number): { line: string; start: number } {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  return { line: text.slice(start, end === -1 ? text.length : end), start }
}

/** The place of an expression without quotes in the line of an error, if there is one. */
function unquotedExpression(text: string, offset: number): number | undefined {
  const { line, start } = lineAround(text, offset)
  const match = /(^|[\s[{,:-])\$\{\{/.exec(line)
  return match ? start + match.index + (match[1]?.length ?? 0) : undefined
}

function reportSyntax(document: Document.Parsed, text: string, reporter: Reporter): void {
  const seenLines = new Set<number>()
  for (const error of document.errors) {
    const [offset] = error.pos
    // One mistake makes several errors in its line; the first tells most.
    if (seenLines.has(reporter.lineAt(offset))) continue
    seenLines.add(reporter.lineAt(offset))
    if (error.code === 'MULTIPLE_DOCS') {
      reporter.add({
        code: 'several_documents',
        offset,
        message: 'the file holds several YAML documents',
        fix: 'keep one pipeline per file; remove the line `---`',
      })
      continue
    }
    const expression = unquotedExpression(text, offset)
    if (expression !== undefined) {
      reporter.add({
        code: 'unquoted_expression',
        offset: expression,
        message: 'YAML cannot read this expression without quotes',
        fix: quoteFix,
      })
      continue
    }
    const isTab = error.code === 'TAB_AS_INDENT' || text[offset] === '\t'
    const fix = isTab ? 'indent with spaces' : 'correct the YAML here'
    reporter.add({
      code: isTab ? 'tab_indentation' : 'yaml_syntax',
      offset,
      message: `not valid YAML: ${error.message}`,
      fix,
    })
  }
  for (const warning of document.warnings) {
    reporter.add({
      code: 'yaml_tag',
      offset: warning.pos[0],
      message: warning.message,
      fix: 'remove the tag; plain YAML values are enough',
    })
  }
}

const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

interface Converter {
  convert(node: YamlNode | null, depth: number): Node | undefined
}

function createConverter(document: Document.Parsed, text: string, reporter: Reporter): Converter {
  let nodes = 0
  let aliases = 0
  let stopped = false
  const open = new Set<YamlNode>()

  const stop = (code: string, offset: number, message: string, fix: string): undefined => {
    if (!stopped) reporter.add({ code, offset, message, fix })
    stopped = true
    return undefined
  }

  const convertAlias = (node: Alias, depth: number): Node | undefined => {
    const offset = node.range?.[0] ?? 0
    aliases += 1
    if (aliases > fileLimits.aliases)
      return stop(
        'too_many_aliases',
        offset,
        `more than ${fileLimits.aliases} aliases`,
        'write the values out',
      )
    const target = node.resolve(document) as YamlNode | undefined
    if (!target)
      return stop(
        'unknown_alias',
        offset,
        `there is no anchor \`&${node.source}\` before this alias`,
        'define the anchor above, or quote a text that begins with `*`',
      )
    if (open.has(target))
      return stop(
        'alias_cycle',
        offset,
        `the alias \`*${node.source}\` contains itself`,
        'write the value out',
      )
    return convert(target, depth)
  }

  const convertScalar = (node: YamlNode & { value: unknown; type?: string | undefined }): Node => {
    const [start, end] = node.range ?? [0, 0]
    const { value } = node
    const plain = node.type === 'PLAIN'
    const isJson = value === null || typeof value === 'string' || typeof value === 'boolean'
    if (isJson) return { kind: 'scalar', value, start, end, plain }
    const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN
    const exact = typeof value === 'bigint' ? Number.isSafeInteger(number) : Number.isFinite(number)
    if (!exact) {
      reporter.add({
        code: 'bad_number',
        offset: start,
        message: `${text.slice(start, Math.min(end, start + 40))} is not a number that JSON carries exactly`,
        fix: 'quote it to make it text',
      })
    }
    return { kind: 'scalar', value: exact ? number : 0, start, end, plain }
  }

  const keyText = (key: unknown): { key: string; start: number } | undefined => {
    if (!isScalar(key)) return undefined
    const start = key.range?.[0] ?? 0
    return { key: key.value === null ? (key.source ?? '') : String(key.value), start }
  }

  const convertMap = (node: YAMLMap, depth: number): Node => {
    const [start, end] = node.range ?? [0, 0]
    const entries: MapEntry[] = []
    const result: MapNode = { kind: 'map', entries, start, end }
    const firstOf = new Map<string, number>()
    for (const pair of node.items) {
      const named = keyText(pair.key)
      if (!named) {
        const offset = (pair.key as YamlNode | null)?.range?.[0] ?? start
        const expression = unquotedExpression(text, offset)
        if (expression !== undefined)
          reporter.add({
            code: 'unquoted_expression',
            offset: expression,
            message: 'YAML reads this expression as a map',
            fix: quoteFix,
          })
        else
          reporter.add({ code: 'bad_key', offset, message: 'a key must be text', fix: 'write a plain key' })
        continue
      }
      const first = firstOf.get(named.key)
      if (first !== undefined) reportDuplicate(named, first)
      else if (forbiddenKeys.has(named.key)) {
        reporter.add({
          code: 'forbidden_key',
          offset: named.start,
          message: `the key \`${named.key}\` is not allowed`,
          fix: 'choose another name',
        })
      } else if (named.key === '<<') {
        reporter.add({
          code: 'merge_key',
          offset: named.start,
          message: 'merge keys (`<<`) are not supported',
          fix: 'write the fields out, or use `defaults`',
        })
      } else {
        firstOf.set(named.key, named.start)
        const value = convert(pair.value as YamlNode | null, depth + 1) ?? {
          kind: 'scalar',
          value: null,
          start: named.start,
          end: named.start,
          plain: true,
        }
        entries.push({ key: named.key, keyStart: named.start, value })
      }
      if (stopped) break
    }
    return result
  }

  const reportDuplicate = (named: { key: string; start: number }, first: number) => {
    const message = `the key \`${named.key}\` is there twice: first in line ${reporter.lineAt(first)}, again in line ${reporter.lineAt(named.start)}`
    reporter.add({ code: 'duplicate_key', offset: named.start, message, fix: 'rename or remove one of them' })
  }

  const convert = (node: YamlNode | null, depth: number): Node | undefined => {
    if (stopped || node === null) return undefined
    const [start, end] = node.range ?? [0, 0]
    nodes += 1
    if (nodes > fileLimits.nodes)
      return stop(
        'too_many_nodes',
        start,
        `more than ${fileLimits.nodes} values, aliases counted as often as they are used`,
        'split the file; pass large data as an input or a document',
      )
    if (depth > fileLimits.depth)
      return stop(
        'too_deep',
        start,
        `nested deeper than ${fileLimits.depth} levels`,
        'flatten the value, or pass it as an input',
      )
    if (isAlias(node)) return convertAlias(node, depth)
    if (isScalar(node)) return convertScalar(node)
    open.add(node)
    let result: Node | undefined
    if (isMap(node)) result = convertMap(node, depth)
    else if (isSeq(node)) {
      const items = node.items.map((item) => convert(item as YamlNode | null, depth + 1) ?? nothing(start))
      result = { kind: 'list', items, start, end }
    }
    open.delete(node)
    return result
  }

  return { convert: (node, depth) => convert(node, depth) }
}

function nothing(offset: number): Node {
  return { kind: 'scalar', value: null, start: offset, end: offset, plain: true }
}
