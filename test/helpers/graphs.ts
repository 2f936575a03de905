import { seededRandom } from '../../src/testing/seeded.ts'

/** A step of a graph: what it is called, and what it needs. */
export interface GraphStep {
  id: string
  needs: string[]
}

/** No step of a graph here needs more: a wider join is a tree of joins. */
export const widestJoin = 1_900

/**
 * A graph as mosaics of the sky have it: each image projected, the differences of those that overlap, all of them in one join, each image
 * corrected by that, all of them in one join, and what is made of it.
 */
export function montage(images: number, seed = 1): GraphStep[] {
  const random = seededRandom(seed)
  const project = row('project', images)
  const pairs = Array.from({ length: images * 3 }, (_, index) => {
    const first = index % images
    const next = (first + 1 + Math.floor(random() * Math.min(8, images - 1))) % images
    return [`project_${first}`, `project_${next}`]
  })
  const diffs = pairs.map((needs, index) => ({ id: `diff_${index}`, needs: [...new Set(needs)] }))
  const concat = join('concat', idsOf(diffs))
  const background = row('background', images, (index) => [`project_${index}`, 'model'])
  return [
    ...project,
    ...diffs,
    ...concat,
    { id: 'model', needs: ['concat'] },
    ...background,
    ...join('table', idsOf(background)),
    { id: 'add', needs: ['table'] },
    { id: 'shrink', needs: ['add'] },
    { id: 'picture', needs: ['shrink'] },
  ]
}

/** A graph as genomes have it: each sample is split into lanes of stages, which are merged, and all of them once more. */
export function epigenomics(samples: number, lanes: number): GraphStep[] {
  const stages = ['filter', 'convert', 'pack', 'map']
  const each = Array.from({ length: samples }, (_, sample): GraphStep[] => {
    const split = `split_${sample}`
    const chains = Array.from({ length: lanes }, (_, lane) =>
      stages.map((stage, index) => ({
        id: `${stage}_${sample}_${lane}`,
        needs: [index === 0 ? split : `${stages[index - 1]}_${sample}_${lane}`],
      })),
    ).flat()
    const ends = Array.from({ length: lanes }, (_, lane) => `map_${sample}_${lane}`)
    return [{ id: split, needs: [] }, ...chains, ...join(`merge_${sample}`, ends)]
  }).flat()
  const merged = Array.from({ length: samples }, (_, sample) => `merge_${sample}`)
  return [
    ...each,
    ...join('all', merged),
    { id: 'index', needs: ['all'] },
    { id: 'pileup', needs: ['index'] },
  ]
}

/** Steps in layers, each of which needs some of the layer before. */
export function layered(layers: number, width: number, needs: number, seed = 1): GraphStep[] {
  const random = seededRandom(seed)
  return Array.from({ length: layers }, (_, layer) =>
    row(`l${layer}`, width, () =>
      layer === 0
        ? []
        : [...new Set(Array.from({ length: needs }, () => `l${layer - 1}_${Math.floor(random() * width)}`))],
    ),
  ).flat()
}

export function edgesOf(steps: readonly GraphStep[]): number {
  return steps.reduce((sum, { needs }) => sum + needs.length, 0)
}

/** The length of its longest chain, in steps. */
export function depthOf(steps: readonly GraphStep[]): number {
  const depth = new Map<string, number>()
  for (const { id, needs } of steps)
    depth.set(id, 1 + needs.reduce((most, need) => Math.max(most, depth.get(need) ?? 0), 0))
  return [...depth.values()].reduce((most, each) => Math.max(most, each), 0)
}

/** As a pipeline file in which each step reads its first need. */
export function yamlOf(steps: readonly GraphStep[], name = 'graph', duration = '1ms'): string {
  const lines = steps.flatMap(({ id, needs: [first, ...rest] }) => [
    `  ${id}:`,
    '    job_type: sleep',
    ...(first === undefined ? [] : [`    needs: [${[first, ...rest].join(', ')}]`]),
    '    config:',
    `      duration: ${duration}`,
    ...(first === undefined ? [] : [`      after: "\${{ steps.${first}.status }}"`]),
  ])
  return [`name: ${name}`, 'steps:', ...lines, ''].join('\n')
}

function row(name: string, length: number, needs: (index: number) => string[] = () => []): GraphStep[] {
  return Array.from({ length }, (_, index) => ({ id: `${name}_${index}`, needs: needs(index) }))
}

function idsOf(steps: readonly GraphStep[]): string[] {
  return steps.map(({ id }) => id)
}

function join(id: string, needs: string[]): GraphStep[] {
  if (needs.length <= widestJoin) return [{ id, needs }]
  const parts = Array.from({ length: Math.ceil(needs.length / widestJoin) }, (_, part) => ({
    id: `${id}_${part}`,
    needs: needs.slice(part * widestJoin, (part + 1) * widestJoin),
  }))
  return [...parts, { id, needs: idsOf(parts) }]
}
