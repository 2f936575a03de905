import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** What `jobwright init` writes: a small project, whole enough that everything in it can be run. */
export interface ProjectOptions {
  /** Of the package. */
  name: string
  /** Where npm finds jobwright: a version, or `file:` and a path. */
  jobwright: string
}

/** What the project needs beside Jobwright. */
export const packages = {
  dependencies: { zod: '^4.6.7' },
  devDependencies: { '@types/node': '^24.19.2', typescript: '^7.0.2', vitest: '^5.1.1' },
} as const

/** In `templates/project/`, in the order in which they are read. */
const templates = [
  'README.md',
  'jobwright.config.ts',
  'job-types/word-count.ts',
  'pipeline.ts',
  'pipeline.yaml',
  'pipeline.test.ts',
]

/** By path. @param home the folder of this package */
export async function projectFiles(home: string, options: ProjectOptions): Promise<Record<string, string>> {
  const folder = path.join(home, 'templates', 'project')
  const copies = templates.map(async (file): Promise<[string, string]> => {
    const text = await readFile(path.join(folder, file), 'utf8')
    return [file, text.replaceAll('{{name}}', options.name)]
  })
  // What npm reads of any folder, or leaves out of a package, is no template.
  return {
    ...Object.fromEntries(await Promise.all(copies)),
    'package.json': `${JSON.stringify(manifest(options), null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(compilerConfig, null, 2)}\n`,
    '.gitignore': 'node_modules/\n.jobwright/\n',
  }
}

function manifest({ name, jobwright }: ProjectOptions): object {
  return {
    name,
    private: true,
    type: 'module',
    scripts: {
      dev: 'jobwright dev',
      pipeline: 'jobwright run pipeline.ts',
      test: 'vitest run',
      check: 'tsc',
      types: 'jobwright types --out job-types/server.ts',
    },
    dependencies: { jobwright, ...packages.dependencies },
    devDependencies: packages.devDependencies,
  }
}

const compilerConfig = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    // Node.js runs these files as they are.
    allowImportingTsExtensions: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
  },
  include: ['**/*.ts'],
}
