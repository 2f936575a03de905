import { suggest } from '../../base/suggest.ts'
import type { ScopeShape } from '../../expressions/index.ts'
import { zoneOf } from '../../schedule/times/index.ts'
import { allowedTargets, urlProblem } from '../../webhooks/targets.ts'
import { describe, entryOf, get, itemsOf, type Node, textOf } from '../nodes/nodes.ts'
import {
  type NotificationEvent,
  notificationEvents,
  type PlanDeadline,
  type PlanNotification,
  type PlanReceiver,
} from '../plan/types.ts'
import { durationOf, isRead } from './check-steps.ts'
import { compileValue } from './compile-value.ts'
import type { CompileContext } from './expression-site.ts'

/** What of the configuration at hand is known. */
export interface KnownReceivers {
  secretNames?: readonly string[]
  notificationNames?: readonly string[]
  notificationTargets?: readonly string[]
}

/** Who is told of what; undefined where the file says nothing. What the shape of the file refuses was reported. */
export function compileNotify(
  context: CompileContext,
  node: Node | undefined,
  shape: ScopeShape,
  known: KnownReceivers,
): PlanNotification[] | undefined {
  const found = itemsOf(node).flatMap((item): PlanNotification[] => {
    if (item.kind !== 'map') return []
    const on = itemsOf(get(item, 'on')).flatMap((each): NotificationEvent[] =>
      notificationEvents.filter((event) => event === textOf(each)),
    )
    const receiver = compileReceiver(context, item, shape, known)
    const late = compileLate(context, item, on)
    return receiver ? [{ on: [...new Set(on)], receiver, ...(late ? { late } : {}) }] : []
  })
  return found.length > 0 ? found : undefined
}

function compileReceiver(
  context: CompileContext,
  item: Node,
  shape: ScopeShape,
  known: KnownReceivers,
): PlanReceiver | undefined {
  const { reporter } = context
  const webhook = get(item, 'webhook')
  const own = get(item, 'function')
  if (!webhook === !own) {
    reporter.add({
      code: 'bad_receiver',
      offset: (own ?? item).start,
      message: own ? '`webhook` and `function` exclude each other' : 'nobody is named who is told',
      fix: own ? 'write an entry for each' : 'add `webhook: URL` or `function: NAME`',
    })
    return undefined
  }
  if (webhook) return compileWebhook(context, item, webhook, shape, known)
  const signing = entryOf(item, 'secrets')
  if (signing)
    reporter.add({
      code: 'bad_receiver',
      offset: signing.keyStart,
      message: '`secrets` sign webhooks; a function of yours is called as it is',
      fix: 'remove it',
    })
  const name = textOf(own)
  if (!own || name === undefined) return undefined
  if (known.notificationNames && !known.notificationNames.includes(name))
    reporter.add({
      code: 'unknown_function',
      severity: 'warning',
      offset: own.start,
      message: `the configuration at hand has no notification \`${name}\``,
      fix: `${suggest(name, known.notificationNames)}; functions stand under \`notifications\` where the workers run`,
    })
  return { kind: 'function', name }
}

function compileWebhook(
  context: CompileContext,
  item: Node,
  node: Node,
  shape: ScopeShape,
  known: KnownReceivers,
): PlanReceiver | undefined {
  if (textOf(node) === undefined) return undefined
  const value = compileValue(context, node, { ...shape, secrets: true }, 'value')
  const signing = get(item, 'secrets')
  const secrets = itemsOf(signing).flatMap((each) => checkSecret(context, each, known) ?? [])
  if (value.kind !== 'literal' && value.kind !== 'secret') {
    context.reporter.add({
      code: 'expression_not_allowed',
      offset: node.start,
      message: '`webhook` can hold secrets, and no other expression',
      fix: `write the URL itself, or \${{ secrets.NAME }} in it`,
    })
    return undefined
  }
  if (value.kind === 'literal') checkUrl(context, node, known)
  if (value.kind === 'literal' && !signing)
    context.reporter.add({
      code: 'unsigned_webhook',
      severity: 'warning',
      offset: node.start,
      message: 'the webhook is not signed: its receiver cannot know who sent it',
      fix: 'name a secret that both have: secrets: [NAME]',
    })
  return { kind: 'webhook', url: value, secrets: [...new Set(secrets)] }
}

function checkUrl({ reporter }: CompileContext, node: Node, { notificationTargets }: KnownReceivers): void {
  const problem = urlProblem(textOf(node) ?? '', allowedTargets(notificationTargets ?? []))
  if (!problem) return
  const mayBeAllowed = problem.code === 'private_receiver' && notificationTargets === undefined
  reporter.add({
    ...problem,
    message: `\`webhook\` ${problem.message}`,
    offset: node.start,
    ...(mayBeAllowed ? { severity: 'warning' as const } : {}),
  })
}

function checkSecret(
  { reporter }: CompileContext,
  node: Node,
  { secretNames }: KnownReceivers,
): string | undefined {
  const name = textOf(node)
  if (name === undefined) return undefined
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    reporter.add({
      code: 'wrong_value',
      offset: node.start,
      message: '`secrets` names secrets: this is no name of one',
      fix: 'write the name alone, as under `secrets` in jobwright.config.ts; never the value',
    })
    return undefined
  }
  if (secretNames && !secretNames.includes(name))
    reporter.add({
      code: 'unknown_secret',
      severity: 'warning',
      offset: node.start,
      message: `the configuration at hand has no secret \`${name}\``,
      fix: `define \`${name}\` under \`secrets\` where the workers run`,
    })
  return name
}

function compileLate(
  context: CompileContext,
  item: Node,
  on: readonly NotificationEvent[],
): PlanDeadline | undefined {
  const { reporter } = context
  const entry = entryOf(item, 'late')
  if (!entry) {
    if (on.includes('late'))
      reporter.add({
        code: 'bad_late',
        offset: entryOf(item, 'on')?.keyStart ?? item.start,
        message: 'it is not said from when on a run is late',
        fix: 'add late: { after: 2h }, or late: { by: "06:00", timezone: Europe/Berlin }',
      })
    return undefined
  }
  if (!on.includes('late'))
    reporter.add({
      code: 'bad_late',
      severity: 'warning',
      offset: entry.keyStart,
      message: '`late` has no effect: the event `late` is not told here',
      fix: 'add `late` to `on`, or remove it',
    })
  const node = entry.value
  if (node.kind !== 'map') return undefined
  const [after, by] = [get(node, 'after'), get(node, 'by')]
  if (!after === !by) {
    reporter.add({
      code: 'bad_late',
      offset: entry.keyStart,
      message: `\`late\` needs exactly one of \`after\` and \`by\`, found ${after ? 'both' : 'none'}`,
      fix: 'write late: { after: 2h }, or late: { by: "06:00", timezone: Europe/Berlin }',
    })
    return undefined
  }
  if (by) return compileBy(context, node, by)
  const afterMs = durationOf(node, 'after', reporter)
  const zone = entryOf(node, 'timezone')
  if (zone)
    reporter.add({
      code: 'bad_late',
      offset: zone.keyStart,
      message: '`timezone` belongs to `by`',
      fix: 'remove it',
    })
  return afterMs === undefined ? undefined : { afterMs }
}

function compileBy({ reporter }: CompileContext, owner: Node, node: Node): PlanDeadline | undefined {
  const by = textOf(node)
  if (by === undefined) return undefined
  if (!timeOfDay.test(by))
    reporter.add({
      code: 'bad_time_of_day',
      offset: node.start,
      message: `\`by\` must be a time of day, found ${describe(node)}`,
      fix: 'write hours and minutes from 00:00 to 23:59, such as 06:00',
    })
  const zone = get(owner, 'timezone')
  const timezone = textOf(zone) ?? 'UTC'
  if (zone) isRead(() => zoneOf(timezone), zone, reporter)
  return { by, timezone }
}

/** Hours and minutes. */
export const timeOfDay = /^([01]\d|2[0-3]):[0-5]\d$/
