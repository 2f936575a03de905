import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, messageOf } from '../../base/causes.ts'
import type { FoundPipeline, PipelineFiles } from '../../pipeline/index.ts'

/** Pipeline files that name each other, each from where it is. There is no server that has saved ones. */
export const pipelineFiles: PipelineFiles = {
  locate: (reference, from) => path.resolve(path.dirname(from), reference),
  show: (file) => path.relative('', file),
  read: async (file) => (/\.ya?ml$/i.test(file) ? readText(file) : notYaml(file)),
}

async function readText(file: string): Promise<FoundPipeline> {
  try {
    return { text: await readFile(file, 'utf8') }
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`
    return { problem: { code: 'no_such_file', message: `${file} ${why}`, fix: 'check its name' } }
  }
}

function notYaml(file: string): FoundPipeline {
  return {
    problem: {
      code: 'pipeline_in_code',
      message: `${file} is a program, which is not loaded here`,
      fix: 'write the outer pipeline in code, too, and import the inner one',
    },
  }
}
