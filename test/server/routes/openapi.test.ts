import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { type RouteDescriptor, routes } from '../../../src/contract/index.ts'
import { createOpenApiDocument } from '../../../src/server/routes/openapi.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes
const document = createOpenApiDocument('1.0.0') as any

describe('the OpenAPI document', () => {
  it.each(Object.values<RouteDescriptor>(routes).map((route) => [route.operationId, route] as const))(
    'describes %s',
    (_, route) => {
      const operation = document.paths[route.path][route.method]
      expect(operation.operationId).toBe(route.operationId)
      expect(Object.keys(operation.responses)).toContain(String(route.status))
      for (const problem of route.problems)
        expect(Object.keys(operation.responses)).toContain(String(problem))
      const inPath = (operation.parameters ?? [])
        .filter((parameter: { in: string }) => parameter.in === 'path')
        .map((parameter: { name: string }) => parameter.name)
      expect(inPath).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))
    },
  )

  it('holds only schemas that a validator takes', () => {
    const visit = (value: unknown): void => {
      if (value === null || typeof value !== 'object') return
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'schema' && !('$ref' in inner))
          new Ajv2020({ strict: false, logger: false, validateFormats: false }).compile(inner)
        else visit(inner)
      }
    }
    visit(document)
  })

  it('leaves no reference without its target', () => {
    const text = JSON.stringify(document)
    expect([...new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]))]).toEqual([
      '#/components/schemas/Problem',
    ])
    expect(document.components.schemas.Problem).toBeDefined()
  })

  it('says what keys, times, names and raw bodies may be', () => {
    const parameter = (path: string, method: string, name: string) =>
      document.paths[path][method].parameters.find((one: { name: string }) => one.name === name)
    for (const path of ['/jobs', '/job-runs']) {
      const key = parameter(path, 'post', 'Idempotency-Key')
      expect(key.schema).toEqual({
        type: 'string',
        minLength: 1,
        maxLength: 255,
        pattern: String.raw`^[\x21-\x7e]+$`,
      })
      expect(key.description).toContain('as that is now')
      for (const name of ['created_after', 'created_before']) {
        const { schema } = parameter(path, 'get', name)
        expect(schema.description).toContain('2026-04-13')
        expect('2026-04-13T10:10:00.000000').toMatch(new RegExp(schema.pattern))
      }
    }
    const documents = '/documents/{collection}/{path}'
    expect(parameter(documents, 'put', 'collection').schema).toMatchObject({ minLength: 1, maxLength: 200 })
    expect(parameter(documents, 'put', 'path').schema).toMatchObject({ minLength: 1, maxLength: 1024 })
    for (const path of [documents, '/worker/job-runs/{job_run_id}/outputs/{name}']) {
      const { requestBody, responses } = document.paths[path].put
      expect(requestBody.description).toContain('16777216 bytes')
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '413', '415']))
    }
  })

  it('as committed is what the source says', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
      version: string
    }
    expect(await readFile(path.join(root, 'openapi.json'), 'utf8')).toBe(
      `${JSON.stringify(createOpenApiDocument(version), null, 2)}\n`,
    )
  })

  it('when stale is named by the check, with the fix', async () => {
    const copy = await mkdtemp(path.join(os.tmpdir(), 'jobwright-generate-'))
    try {
      for (const part of [
        'src',
        'scripts/generate.ts',
        'package.json',
        'openapi.json',
        'docs/images',
        'examples/pdu-review/pipeline.yaml',
      ])
        await cp(path.join(root, part), path.join(copy, part), { recursive: true })
      await symlink(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
      const generate = (...args: string[]) =>
        promisify(execFile)(process.execPath, [path.join(copy, 'scripts/generate.ts'), ...args])
      await generate('--check')
      await writeFile(path.join(copy, 'openapi.json'), '{}\n')
      await expect(generate('--check')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/openapi\.json is stale: run `npm run generate`/),
      })
      await generate()
      await generate('--check')
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  })
})
