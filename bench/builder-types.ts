import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

/** How long the compiler takes over a pipeline of many typed steps: `node bench/builder-types.ts [--steps 400] [--built]`, the latter with the declarations in dist/. */

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '400' }, built: { type: 'boolean', default: false } },
})
const repository = path.resolve(import.meta.dirname, '..')
const compiler = path.join(repository, 'node_modules/typescript/bin/tsc')

function program(steps: number): string {
  const lines = Array.from({ length: steps }, (_, index) =>
    index % 4 === 3
      ? `  const s${index} = step.each('s${index}', s${index - 1}.outputs.images, (image) => ({ jobType: 'resize_image', config: { url: image.href, width: image.width }, maxParallel: 4 }))`
      : `  const s${index} = step('s${index}', { jobType: 'list_images', config: { folder: ${index === 0 ? 'inputs.folder' : 'inputs.folder, limits: { most: inputs.most }'} }${index % 4 === 2 ? `, if: gt(s${index - 1}.outputs.count, 3)` : ''} })`,
  )
  return `import { definePipeline, gt } from 'jobwright'
import { z } from 'zod'
declare module 'jobwright' {
  interface JobTypes {
    list_images: { config: { folder: string; limits?: { most: number } }; outputs: { images: { href: string; width: number }[]; count: number } }
    resize_image: { config: { url: string; width: number }; outputs: { image: { href: string } } }
  }
}
export const many = definePipeline({ name: 'many', inputs: z.object({ folder: z.string(), most: z.int() }) }, ({ inputs, step }) => {
${steps === 0 ? '' : lines.join('\n')}
  return { last: ${steps === 0 ? 'inputs.folder' : `s${steps - 1}.outputs`} }
})
`
}

function seconds(steps: number): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'jobwright-builder-'))
  try {
    mkdirSync(path.join(folder, 'node_modules'))
    symlinkSync(path.join(repository, 'node_modules/zod'), path.join(folder, 'node_modules/zod'))
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(path.join(folder, 'many.ts'), program(steps))
    const types = values.built ? 'dist/public/index.d.ts' : 'src/public/index.ts'
    const paths = { jobwright: [path.join(repository, types)] }
    const config = {
      extends: path.join(repository, 'tsconfig.json'),
      compilerOptions: { paths, typeRoots: [path.join(repository, 'node_modules/@types')] },
      include: ['many.ts'],
      exclude: [],
    }
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
    const began = performance.now()
    execFileSync(process.execPath, [compiler, '-p', folder], { stdio: 'inherit' })
    return (performance.now() - began) / 1000
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const steps = Number(values.steps)
const without = Math.min(...[0, 0, 0].map(seconds))
const whole = Math.min(...[steps, steps, steps].map(seconds))
console.log(
  `${steps} steps: ${whole.toFixed(2)} s in all, ${(whole - without).toFixed(2)} s more than none (best of 3)`,
)
