import { type Document, LineCounter, parseDocument, type Node as YamlNode } from 'yaml'
import { createReporter, type Finding, type Reporter } from '../nodes/findings.ts'
import type { Node, PipelineSource } from '../nodes/nodes.ts'
import { quoteFix, repairExpression, unquotedExpression } from '../nodes/unquoted.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import { convertDocument } from './convert.ts'
import { unquotedCron } from './unquoted-cron.ts'

/** The finding for bytes that are no text. */
export function badUtf8(file: string, badByte: number): Finding {
  const message = `byte ${badByte} is not valid UTF-8`
  return {
    code: 'bad_utf8',
    severity: 'error',
    file,
    line: 1,
    column: 1,
    message,
    fix: 'save the file as UTF-8',
  }
}

/** Our own search for duplicate keys knows both places, and is linear where the library's is quadratic. */
function parse(text: string, lines: LineCounter): Document.Parsed {
  return parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
    // 'silent' would also hide that there are several documents.
    logLevel: 'error',
  })
}

/** Reads YAML with its positions. Never throws: whatever is wrong is a finding. */
export function readYaml(text: string, file: string): PipelineSource {
  const lines = new LineCounter()
  const reporter = createReporter(file, (offset) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  })
  const bytes = Buffer.byteLength(text)
  if (bytes > graphLimits.fileBytes) {
    const message = `the file has ${bytes} bytes; at most ${graphLimits.fileBytes} are read`
    reporter.add({ code: 'file_too_large', offset: 0, message, fix: 'split it into several pipelines' })
    return { text, reporter }
  }
  try {
    return { ...readDocument(text, lines, reporter), reporter }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    reportTooDeep(reporter)
    return { text, reporter }
  }
}

/** The parser's stack ran out; it throws that, or makes it an error of the file. */
function reportTooDeep(reporter: Reporter): void {
  const message = 'the file is nested too deeply'
  reporter.add({ code: 'too_deep', offset: 0, message, fix: 'flatten its values' })
}

/** `%YAML 1.1` and the like, in the lines before the document. */
function otherVersion(text: string): { offset: number; directive: string; version: string } | undefined {
  let offset = text.startsWith('\uFEFF') ? 1 : 0
  while (offset < text.length) {
    const end = text.indexOf('\n', offset)
    const line = text.slice(offset, end === -1 ? text.length : end).trimEnd()
    const found = /^%YAML(?:\s+(\S*).*)?$/.exec(line)
    const version = found?.[1] ?? ''
    if (found && version !== '1.2') return { offset, directive: line, version }
    if (!/^(%|\s*#|\s*$)/.test(line) || end === -1) return undefined
    offset = end + 1
  }
  return undefined
}

/** Another version of YAML reads `yes`, `010` and `12:30` as something else than they look; nothing but 1.2 is read. */
function reportVersion(
  { offset, directive, version }: NonNullable<ReturnType<typeof otherVersion>>,
  reporter: Reporter,
): void {
  reporter.add({
    code: 'yaml_version',
    offset,
    message: `the file says that it is YAML ${version || 'of no version'}; only 1.2 is read`,
    fix: `remove the line \`${directive}\``,
  })
}

function readDocument(
  written: string,
  lines: LineCounter,
  reporter: Reporter,
): { text: string; root?: Node } {
  const other = otherVersion(written)
  // A comment of the same length in its place, so that the rest is read as 1.2 and can be checked.
  const text = other ? `${written.slice(0, other.offset)}#${written.slice(other.offset + 1)}` : written
  const { readable, document } = parseRepaired(text, lines, reporter)
  if (other) reportVersion(other, reporter)
  if (document.errors.length > 0) return { text }
  if (document.contents === null) {
    const fix = 'a pipeline needs at least `name` and `steps`'
    reporter.add({ code: 'empty_file', offset: 0, message: 'the file is empty', fix })
    return { text }
  }
  const root = convertDocument(document, document.contents as YamlNode, readable, reporter)
  return root === undefined ? { text } : { text: readable, root }
}

/** Each pass reads the file once more: a small file may have many passes, a large one few. */
const passesOf = (text: string): number => Math.min(30, Math.max(5, Math.floor(500_000 / text.length)))

/**
 * Parses, and reports what is no YAML. An expression without quotes makes errors far beyond itself, so each is
 * reported once and replaced by harmless text of the same length; then the rest of the file can be checked, too.
 */
function parseRepaired(
  text: string,
  lines: LineCounter,
  reporter: Reporter,
): { readable: string; document: Document.Parsed } {
  let readable = text
  let document = parse(text, lines)
  for (let pass = 1; pass < passesOf(text) && document.errors.length > 0 && !reporter.isFull(); pass += 1) {
    const repaired = repairErrors(document, readable, reporter)
    if (repaired === readable) break
    readable = repaired
    document = parse(readable, new LineCounter())
  }
  reportErrors(document, readable, reporter)
  return { readable, document }
}

/** Lines with errors that are looked at; a hostile file has one in each. */
const maxErrorLines = 500

/** The errors that are no consequence of the first one: a line that is wrong by itself. */
function ownErrors(document: Document.Parsed, text: string, reporter: Reporter): Document.Parsed['errors'] {
  const seenLines = new Set<number>()
  return document.errors
    .toSorted((a, b) => a.pos[0] - b.pos[0])
    .filter((error, index) => {
      const line = reporter.lineAt(error.pos[0])
      // One mistake makes several errors in its line; the first tells most.
      if (seenLines.has(line) || seenLines.size > maxErrorLines) return false
      seenLines.add(line)
      return index === 0 || error.code === 'MULTIPLE_DOCS' || failsAlone(text, error.pos[0])
    })
}

const maxLine = 2000

function failsAlone(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  const line = text.slice(start, end === -1 ? text.length : end)
  return line.length <= maxLine && parse(line.trim(), new LineCounter()).errors.length > 0
}

function repairErrors(document: Document.Parsed, text: string, reporter: Reporter): string {
  let repaired = text
  for (const error of ownErrors(document, text, reporter)) {
    const cron = unquotedCron(repaired, error.pos[0])
    if (cron) {
      reporter.add(cron.problem)
      reporter.mute(cron.repair.start, cron.repair.end)
      repaired = cron.repair.text
      continue
    }
    const offset = unquotedExpression(repaired, error.pos[0])
    const repair = offset === undefined ? undefined : repairExpression(repaired, offset)
    if (offset === undefined || repair === undefined) continue
    reportUnquoted(offset, reporter)
    reporter.mute(repair.start, repair.end)
    repaired = repair.text
  }
  return repaired
}

function reportUnquoted(offset: number, reporter: Reporter): void {
  const message = 'YAML cannot read this expression without quotes'
  reporter.add({ code: 'unquoted_expression', offset, message, fix: quoteFix })
}

function reportErrors(document: Document.Parsed, text: string, reporter: Reporter): void {
  for (const error of ownErrors(document, text, reporter)) {
    const unquoted = unquotedExpression(text, error.pos[0])
    if (unquoted === undefined) reportError(error, text, reporter)
    else reportUnquoted(unquoted, reporter)
  }
  for (const warning of document.warnings) {
    const fix = 'remove the tag; plain YAML values are enough'
    reporter.add({ code: 'yaml_tag', offset: warning.pos[0], message: warning.message, fix })
  }
}

function reportError(error: Document.Parsed['errors'][number], text: string, reporter: Reporter): void {
  const [offset] = error.pos
  if (error.message.includes('call stack')) {
    reportTooDeep(reporter)
    return
  }
  if (error.code === 'MULTIPLE_DOCS') {
    const fix = 'keep one pipeline per file; remove the line `---`'
    reporter.add({ code: 'several_documents', offset, message: 'the file holds several YAML documents', fix })
    return
  }
  const isTab = error.code === 'TAB_AS_INDENT' || text[offset] === '\t'
  const message = `not valid YAML: ${error.message}`
  const fix = isTab ? 'indent with spaces' : 'correct the YAML here'
  reporter.add({ code: isTab ? 'tab_indentation' : 'yaml_syntax', offset, message, fix })
}
