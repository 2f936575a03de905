import type { Rule } from './rule.ts'

/** Being part of something, or guarded by something, connects nothing. */
const connects = (type: string): boolean => type !== 'contains'

/**
 * Components and interfaces that nothing connects to. Silent unless most of their kind are connected: documents that
 * list parts without saying how they connect have no unconnected ones.
 */
export const unconnectedComponents: Rule = {
  name: 'unconnected-components',
  find(model, graph) {
    const linked = new Set(
      [...graph.relationships, ...model.links]
        .filter(({ type }) => connects(type))
        .flatMap(({ from, to }) => [from, to]),
    )
    const components = graph.entities.filter(({ kind }) => kind === 'COMPONENT')
    const loose = components.filter(({ id }) => !linked.has(id))
    if (components.length < 3 || loose.length * 2 >= components.length) return []
    return loose.map(({ name, source, kind }) => ({
      title: `${name}: nothing connects to it`,
      description: `${source.document}:${source.line} names the ${kind.toLowerCase()} ${name}, but no document says what powers it, connects to it or uses it. State its connections, or remove it.`,
      priority: 'medium',
      tags: ['unconnected'],
      places: [source],
    }))
  },
}
