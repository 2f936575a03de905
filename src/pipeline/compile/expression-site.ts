import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import {
  type CheckedExpression,
  type ExpressionChecker,
  noReferences,
  type ScopeShape,
  type ValueShape,
} from '../../expressions/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import type { ScalarNode } from '../nodes/nodes.ts'
import { hasExpression, parseTemplate, type Template } from '../nodes/template.ts'
import { quoteFix } from '../nodes/unquoted.ts'
import type { NestedPipeline } from './nested.ts'

/** What all expressions of a file share. */
export interface CompileContext {
  /** The file's text: positions inside a value are found in it. */
  text: string
  reporter: Reporter
  check: ExpressionChecker
  usage: OutputUsage
  secretNames?: readonly string[]
  /** Values that are one whole expression, as they are found. */
  wholes: Map<ScalarNode, WholeValue>
  /** What the schemas of job types take, as they are needed. */
  configShapes: Map<JobTypeSchemaEntry, ValueShape>
  /** Pipelines that steps run, by the ids of the steps. */
  nested: ReadonlyMap<string, NestedPipeline>
  /** Steps that run a pipeline, whether it could be had or not. */
  nestedSteps: ReadonlySet<string>
}

/** A value of the file that is one whole expression, and what is known of what it gives. */
export interface WholeValue {
  source: string
  scope: ScopeShape
  shape: ValueShape | undefined
}

/** Which outputs of which steps are used, and how. */
export interface OutputUsage {
  /** Read by an expression: its value is needed. */
  value(step: string, name: string): void
  /** Passed on whole: a reference is enough. */
  whole(step: string, name: string): void
  run(step: string): void
  of(step: string): { valueOutputs: string[]; usedOutputs: string[]; usesJobRun: boolean }
}

export function createUsage(): OutputUsage {
  const values = new Map<string, Set<string>>()
  const used = new Map<string, Set<string>>()
  const runs = new Set<string>()
  const add = (map: Map<string, Set<string>>, step: string, name: string) =>
    map.set(step, (map.get(step) ?? new Set()).add(name))
  return {
    value(step, name) {
      add(values, step, name)
      add(used, step, name)
    },
    whole: (step, name) => void add(used, step, name),
    run: (step) => void runs.add(step),
    of: (step) => ({
      valueOutputs: [...(values.get(step) ?? [])].sort(),
      usedOutputs: [...(used.get(step) ?? [])].sort(),
      usesJobRun: runs.has(step),
    }),
  }
}

/**
 * The offset in the file of a place in a scalar's value. Exact wherever the value stands in the file as it is;
 * a value with escapes or folded lines gives the beginning of the expression, or of the value.
 */
export function offsetIn(context: CompileContext, node: ScalarNode, value: string, at: number): number {
  const raw = context.text.slice(node.start, node.end)
  const opening = value.lastIndexOf('${{', at)
  const from = opening === -1 ? 0 : opening
  // The how-manieth expression of the value is the one meant in the file, too.
  let rawAt = -1
  for (let next = value.indexOf('${{'); next !== -1 && next <= from; next = value.indexOf('${{', next + 3)) {
    rawAt = raw.indexOf('${{', rawAt + 1)
    if (rawAt === -1) return node.start
  }
  if (rawAt === -1) return node.start
  const isSame = raw.startsWith(value.slice(from, at), rawAt)
  return node.start + rawAt + (isSame ? at - from : 0)
}

/** Pieces of one text, literal ones included. */
const maxParts = 200

/** Takes a text apart; a problem is reported and gives undefined. */
export function splitTemplate(
  context: CompileContext,
  node: ScalarNode,
  value: string,
): Template | undefined {
  const template = parseTemplate(value)
  const { error, parts } = template
  if (parts.length > maxParts) {
    const message = `one text with ${parts.length} parts; at most ${maxParts} are allowed`
    const fix = 'split the text, or build it with a macro: list.map(x, …).join()'
    context.reporter.add({ code: 'too_many_expressions', offset: node.start, message, fix })
    return undefined
  }
  if (!error) return template
  const offset = offsetIn(context, node, value, error.offset)
  const wasCut =
    node.plain &&
    /^[ \t]*#/.test(context.text.slice(node.end, node.end + 80)) &&
    error.code === 'expression_unclosed'
  if (wasCut)
    context.reporter.add({
      code: 'unquoted_expression',
      offset,
      message: 'YAML takes ` #` for a comment and cuts this expression',
      fix: quoteFix,
    })
  else context.reporter.add({ code: error.code, offset, message: error.message, fix: error.fix })
  return undefined
}

/** Checks one expression of a text, reports its problems, and notes what it reads. */
export function checkPart(
  context: CompileContext,
  node: ScalarNode,
  value: string,
  part: { source: string; sourceStart: number },
  shape: ScopeShape,
): CheckedExpression {
  if (context.reporter.isFull()) return { problems: [], references: noReferences() }
  const checked = context.check(part.source, shape)
  for (const { code, message, fix, start, severity } of checked.problems) {
    context.reporter.add({
      code,
      ...(severity ? { severity } : {}),
      message,
      fix,
      offset: offsetIn(context, node, value, part.sourceStart + start),
    })
  }
  const { whole } = checked.references
  if (whole?.kind === 'secret') checkSecret(context, node, value, part, whole.name)
  for (const step of checked.references.runs) context.usage.run(step)
  warnOfMissing(context, offsetIn(context, node, value, part.sourceStart), checked, shape)
  return checked
}

/** In a step that runs whatever became of those before it, or while they are not done, their outputs may not be there. */
function warnOfMissing(
  { reporter }: CompileContext,
  offset: number,
  { references }: CheckedExpression,
  { askedBefore, early, self = 'this step' }: ScopeShape,
): void {
  for (const { step, name } of references.outputs) {
    if (references.asked.includes(step)) continue
    const isEarly = early?.has(step) ?? false
    const isAskedFor = askedBefore?.has(step) ?? true
    if (!isEarly && isAskedFor) continue
    reporter.add({
      code: 'output_may_be_missing',
      severity: 'warning',
      offset,
      message: `output \`${name}\` may not be there: \`${self}\` ${isEarly ? `may start while \`${step}\` is not done` : `runs also when \`${step}\` failed or was skipped`}`,
      fix: `ask first: has(steps.${step}.outputs.${name}) ? … : …, or steps.${step}.status == "completed" in the \`if\``,
    })
  }
}

function checkSecret(
  context: CompileContext,
  node: ScalarNode,
  value: string,
  part: { source: string; sourceStart: number },
  name: string,
): void {
  if (!context.secretNames || context.secretNames.includes(name)) return
  const offset = offsetIn(context, node, value, part.sourceStart)
  context.reporter.add({
    code: 'unknown_secret',
    severity: 'warning',
    offset,
    message: `the configuration at hand has no secret \`${name}\``,
    fix: `define \`${name}\` under \`secrets\` where the workers run`,
  })
}

/** Counts the outputs that an expression reads as values. */
export function noteValues(context: CompileContext, checked: CheckedExpression): void {
  for (const { step, name } of checked.references.outputs) context.usage.value(step, name)
}

export interface WholeExpression {
  source: string
  checked: CheckedExpression
}

/** A value that must be exactly one expression, as `if` and `for_each` are; anything else gives undefined. */
export function wholeExpression(
  context: CompileContext,
  node: ScalarNode,
  value: string,
  shape: ScopeShape,
): WholeExpression | 'reported' | undefined {
  if (!hasExpression(value)) return undefined
  const template = splitTemplate(context, node, value)
  if (!template) return 'reported'
  const parts = template.parts.filter((part) => part.kind === 'expression' || part.text.trim() !== '')
  const [only] = parts
  if (parts.length !== 1 || only?.kind !== 'expression') return undefined
  const checked = checkPart(context, node, value, only, shape)
  noteValues(context, checked)
  return { source: only.source, checked }
}
