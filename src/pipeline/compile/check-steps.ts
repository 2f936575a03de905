import { type Duration, durationRange, parseDurationMs } from '../../base/duration.ts'
import { JobwrightError } from '../../base/errors.ts'
import { nearest } from '../../base/suggest.ts'
import { pipelineNamePattern } from '../../contract/index.ts'
import { isForbiddenMember } from '../../expressions/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, entriesOf, entryOf, get, type MapEntry, type Node, textOf } from '../nodes/nodes.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import { unsupportedFields } from './definition.ts'

/** Checks of a file's names, needs and durations. Shapes are checked elsewhere: what has a wrong type is passed over. */

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/
const keywords: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in'])

/** True for a name that can stand in `steps.NAME` and `inputs.NAME`. */
export function isIdentifier(name: string): boolean {
  return identifier.test(name) && !keywords.has(name) && !isForbiddenMember(name)
}

function checkName(entry: MapEntry, what: string, reporter: Reporter): void {
  if (isIdentifier(entry.key)) return
  const candidate = entry.key.replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, 63)
  const better = isIdentifier(candidate) ? candidate : `${what}_${candidate}`.slice(0, 63)
  const fix = isIdentifier(better) ? `name it \`${better}\`` : 'choose another name'
  const message = `\`${entry.key}\` cannot name ${what === 'input' ? 'an' : 'a'} ${what}: letters, digits and \`_\` only, at most 63, not beginning with a digit`
  reporter.add({ code: 'bad_name', offset: entry.keyStart, message, fix })
}

export function isPipelineName(name: string): boolean {
  return pipelineNamePattern.test(name)
}

/** What is thrown of a text is a finding at its place. */
export function isRead(read: () => unknown, { start }: Node, reporter: Reporter): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof JobwrightError)) throw error
    const { code, message, fix = '' } = error
    reporter.add({ code, offset: start, message, fix })
    return false
  }
}

export function checkNames(root: Node, reporter: Reporter): void {
  const name = get(root, 'name')
  const text = textOf(name)
  if (name && text !== undefined && text.length > 0 && text.length <= 100 && !isPipelineName(text)) {
    reporter.add({
      code: 'bad_name',
      offset: name.start,
      message: `\`${text}\` cannot name a pipeline: letters, digits, \`-\`, \`_\` and \`.\` only, beginning with a letter or digit`,
      fix: 'put the long form into `description`',
    })
  }
  const steps = entryOf(root, 'steps')
  const entries = entriesOf(steps?.value)
  if (steps && steps.value.kind === 'map' && !steps.value.incomplete && entries.length === 0) {
    reporter.add({ code: 'no_steps', offset: steps.keyStart, message: '`steps` is empty', fix: 'add a step' })
  }
  if (entries.length > graphLimits.steps) {
    reporter.add({
      code: 'too_many_steps',
      offset: entries[graphLimits.steps]?.keyStart ?? 0,
      message: `${entries.length} steps; at most ${graphLimits.steps} are allowed`,
      fix: 'use `for_each`, or move parts into pipelines that steps run',
    })
  }
  for (const entry of entries) checkName(entry, 'step', reporter)
  for (const entry of entriesOf(get(root, 'inputs'))) checkName(entry, 'input', reporter)
  for (const entry of entriesOf(get(root, 'outputs'))) checkName(entry, 'output', reporter)
}

const targets = ['job_type', 'job_id', 'pipeline']

/** Whether a field that was refused was meant to say what the step runs: then it is not missing, too. */
function isMeantAsTarget({ key }: MapEntry): boolean {
  return unsupportedFields.has(key) || nearest(key, [...targets, ...unsupportedFields]) !== undefined
}

/** A step runs one thing. */
export function checkTarget(step: MapEntry, reporter: Reporter): void {
  if (step.value.kind !== 'map') return
  const found = targets.flatMap((target) => entryOf(step.value, target) ?? [])
  if (found.length === 0 && !step.value.incomplete && !step.value.entries.some(isMeantAsTarget)) {
    reporter.add({
      code: 'no_target',
      offset: step.keyStart,
      message: `step \`${step.key}\` says nothing to run`,
      fix: 'give it a `job_type`, a `job_id` or a `pipeline`',
    })
  }
  const [, second] = found
  if (second) {
    const names = found.map((entry) => `\`${entry.key}\``).join(' and ')
    reporter.add({
      code: 'several_targets',
      offset: second.keyStart,
      message: `step \`${step.key}\` has ${names}`,
      fix: 'keep exactly one of them',
    })
  }
  const pipeline = entryOf(step.value, 'pipeline')
  const misplaced = entryOf(step.value, pipeline ? 'config' : 'inputs')
  if (misplaced) {
    reporter.add({
      code: 'misplaced_field',
      offset: misplaced.keyStart,
      message: pipeline
        ? `step \`${step.key}\` runs a pipeline, which has no \`config\``
        : `step \`${step.key}\` runs no pipeline, and so has no \`inputs\``,
      fix: pipeline ? 'give it `inputs`' : 'give it a `config`',
    })
  }
  if (entryOf(step.value, 'max_parallel') && !entryOf(step.value, 'for_each')) {
    const offset = entryOf(step.value, 'max_parallel')?.keyStart ?? step.keyStart
    reporter.add({
      code: 'unused_max_parallel',
      severity: 'warning',
      offset,
      message: '`max_parallel` means nothing without `for_each`',
      fix: 'remove it, or add `for_each`',
    })
  }
}

/** A duration in milliseconds; problems are reported and give undefined. */
export function durationOf(
  owner: Node | undefined,
  field: string,
  reporter: Reporter,
  least: { ms: number; text: Duration } = { ms: durationRange.minMs, text: '1ms' },
): number | undefined {
  const node = get(owner, field)
  if (!node) return undefined
  const text = textOf(node)
  const isNegative =
    (text !== undefined && /^-\s*\d/.test(text)) ||
    (node.kind === 'scalar' && typeof node.value === 'number' && node.value < 0)
  const ms = text === undefined ? undefined : parseDurationMs(text)
  if (isNegative || (ms !== undefined && (ms < least.ms || ms > durationRange.maxMs))) {
    reporter.add({
      code: 'duration_out_of_range',
      offset: node.start,
      message: `\`${field}\` is out of range: found ${describe(node)}`,
      fix: `allowed: ${least.text} to 365d`,
    })
    return undefined
  }
  if (ms !== undefined) return ms
  const example =
    node.kind === 'scalar' && typeof node.value === 'number'
      ? `write a unit, such as ${node.value}s`
      : 'write a number and a unit: 500ms, 5s, 30m, 2h or 7d'
  reporter.add({
    code: 'bad_duration',
    offset: node.start,
    message: `\`${field}\` must be a duration, found ${describe(node)}`,
    fix: example,
  })
  return undefined
}
