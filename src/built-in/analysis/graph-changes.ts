import type { Metagraph, MetagraphEntity, MetagraphRelationship } from '../../contract/index.ts'
import type { ChangesOutput } from './schemas.ts'

type Graph = Pick<Metagraph, 'entities' | 'relationships'>

const relationshipKey = (relationship: MetagraphRelationship): string =>
  JSON.stringify([relationship.type, relationship.from, relationship.to])

function sameEntity(one: MetagraphEntity, other: MetagraphEntity): boolean {
  return (
    one.kind === other.kind &&
    one.name === other.name &&
    one.description === other.description &&
    one.source.document === other.source.document &&
    one.source.line === other.source.line
  )
}

/**
 * What an update changes: entities by id, relationships by type and ends. A relationship whose place alone moved is
 * no change. Counts are of entities and relationships together.
 */
export function graphChanges(before: Graph, after: Graph): ChangesOutput {
  const entitiesBefore = new Map(before.entities.map((entity) => [entity.id, entity]))
  const entitiesAfter = new Set(after.entities.map((entity) => entity.id))
  const relationshipsBefore = new Set(before.relationships.map(relationshipKey))
  const relationshipsAfter = new Set(after.relationships.map(relationshipKey))
  const added = {
    entities: after.entities.filter((entity) => !entitiesBefore.has(entity.id)),
    relationships: after.relationships.filter(
      (relationship) => !relationshipsBefore.has(relationshipKey(relationship)),
    ),
  }
  const removed = {
    entities: before.entities.filter((entity) => !entitiesAfter.has(entity.id)),
    relationships: before.relationships.filter(
      (relationship) => !relationshipsAfter.has(relationshipKey(relationship)),
    ),
  }
  const changed = after.entities.flatMap((entity) => {
    const earlier = entitiesBefore.get(entity.id)
    return earlier === undefined || sameEntity(earlier, entity) ? [] : [{ before: earlier, after: entity }]
  })
  return {
    added,
    changed: { entities: changed },
    removed,
    counts: {
      added: added.entities.length + added.relationships.length,
      changed: changed.length,
      removed: removed.entities.length + removed.relationships.length,
    },
  }
}
