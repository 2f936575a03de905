import { slugOf } from '../language/names.ts'
import type { Place } from '../reading/model.ts'
import type { Rule } from './rule.ts'

/** Being part of something connects nothing. */
const connects = (type: string): boolean => type !== 'contains'

const spare = /\b(?:spares?|unused|not used|reserved|optional|not fitted|dnp)\b/i

/**
 * Components that nothing connects to. Only where most others of a document are connected: a list of parts that says
 * nothing of connections has no unconnected ones.
 */
export const unconnectedComponents: Rule = {
  name: 'unconnected-components',
  find(model, graph) {
    const linked = new Set(
      [...graph.relationships, ...model.links]
        .filter(({ type }) => connects(type))
        .flatMap(({ from, to }) => [from, to]),
    )
    const lines = new Map(model.documents.map((document) => [document.path, document.lines]))
    const lineAt = ({ document, line }: Place): string => lines.get(document)?.[line - 1] ?? ''
    // What has a section or a column of its own is described, in words that say more than the rules read.
    const titles = model.documents
      .flatMap(({ sections, tables }) => [
        ...sections.map(({ title }) => title),
        ...tables.flatMap(({ headers }) => headers),
      ])
      .map((title) => `-${slugOf(title)}-`)
      .join(' ')
    const components = graph.entities.filter(({ kind }) => kind === 'COMPONENT')
    const loose = [...Map.groupBy(components, ({ source }) => source.document).values()].flatMap((group) => {
      const unlinked = group.filter(
        ({ id, source }) => !linked.has(id) && !spare.test(lineAt(source)) && !titles.includes(`-${id}-`),
      )
      return unlinked.length * 2 < group.length ? unlinked : []
    })
    return loose.map(({ name, source, kind }) => ({
      title: `${name}: nothing connects to it`,
      description: `${source.document}:${source.line} names the ${kind.toLowerCase()} ${name}, but no document says what powers it, connects to it or uses it. State its connections, or remove it.`,
      priority: 'medium',
      tags: ['unconnected'],
      places: [source],
    }))
  },
}
