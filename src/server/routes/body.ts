import { joinBytes } from '../../base/bytes.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import { jsonTextProblems, nestingDepth } from '../../base/json-text.ts'
import { decodeUtf8 } from '../../base/utf8.ts'
import { limits, type RouteDescriptor } from '../../contract/index.ts'
import { ApiProblem, invalid } from '../services/problems.ts'

function tooLarge(limitBytes: number): ApiProblem {
  return new ApiProblem(413, 'body_too_large', `The body is over the limit of ${limitBytes} bytes`, {
    // The rest of the body is not read, so the connection cannot carry another request.
    headers: { Connection: 'close' },
  })
}

/**
 * A request's body, counted while it arrives: a header can lie or be missing.
 * @throws ApiProblem 413 as soon as it is over the limit, 415 for an encoding that would have to be undone
 */
export async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = request.headers.get('Content-Encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new ApiProblem(
      415,
      'unsupported_encoding',
      `The body is encoded as ${encoding.slice(0, 40)}; send it as it is`,
    )
  if (Number(request.headers.get('Content-Length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of request.body) {
      size += chunk.byteLength
      if (size > limitBytes) throw tooLarge(limitBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ApiProblem) throw error
    throw new ApiProblem(400, 'body_incomplete', `The body broke off after ${size} bytes`)
  }
  return joinBytes(chunks)
}

const jsonMediaType = /^application\/([\w.+-]+\+)?json\s*(;\s*charset="?utf-8"?\s*)?$/i

const yamlMediaType = /^(application|text)\/(x-)?yaml\s*(;\s*charset="?utf-8"?\s*)?$/i

/**
 * A JSON body as parsed, undefined when it is empty and may not be; YAML, where a route takes it, as if it were the JSON's field `yaml`.
 * @throws ApiProblem 415, 413, 400 with the offset of what is no JSON, 422 when it nests
 * too deeply, or for keys and numbers that would be lost or changed
 */
export async function readJsonBody(
  request: Request,
  {
    bodyLimits = { bytes: limits.bodyBytes, depth: limits.jsonDepth },
    takesYaml = false,
    mayLackBody = false,
  }: Pick<RouteDescriptor, 'bodyLimits' | 'takesYaml' | 'mayLackBody'>,
): Promise<unknown> {
  const mediaType = request.headers.get('Content-Type')
  const isYaml = takesYaml && mediaType !== null && yamlMediaType.test(mediaType)
  const isKnown = isYaml || (mediaType !== null && jsonMediaType.test(mediaType))
  // Who sends no body says nothing of its type; a server may see an empty one all the same.
  const mayBeNone = mediaType === null && (request.body === null || mayLackBody)
  if (!isKnown && !mayBeNone) throw unsupported(mediaType, takesYaml)
  const bytes = await readBytes(request, bodyLimits.bytes)
  if (bytes.byteLength === 0) return isYaml ? { yaml: '' } : mayLackBody ? {} : undefined
  if (!isKnown) throw unsupported(mediaType, takesYaml)
  const decoded = decodeUtf8(bytes)
  if ('badByte' in decoded)
    throw new ApiProblem(
      400,
      isYaml ? 'malformed_yaml' : 'malformed_json',
      `The body is not UTF-8: at byte offset ${decoded.badByte}`,
    )
  return isYaml ? { yaml: decoded.text } : parseJson(decoded.text, bodyLimits.depth)
}

function unsupported(mediaType: string | null, takesYaml: boolean): ApiProblem {
  const found = mediaType === null ? 'missing' : mediaType.slice(0, 80)
  const expected = `application/json${takesYaml ? ' or application/yaml' : ''}`
  return new ApiProblem(415, 'unsupported_media_type', `The Content-Type is ${found}; expected ${expected}`)
}

function parseJson(text: string, maxDepth: number): unknown {
  const depth = nestingDepth(text)
  if (depth > maxDepth)
    throw new ApiProblem(422, 'body_too_deep', `The body nests ${depth} deep; at most ${maxDepth} are taken`)
  const problems = jsonTextProblems(text, maxDepth)
  const malformed = problems.find(({ kind }) => kind === 'malformed')
  if (malformed) {
    const { offset } = malformed
    const what =
      offset >= text.length ? 'it ends too early' : `found ${JSON.stringify(text.slice(offset, offset + 12))}`
    throw new ApiProblem(400, 'malformed_json', `The body is not JSON: at offset ${offset}, ${what}`)
  }
  // Half characters are found with the rest of what no text may hold.
  const changed = problems.filter(({ kind }) => kind !== 'half_character')
  if (changed.length > 0)
    throw invalid(
      'validation_failed',
      changed.map(({ path, detail }) => ({ pointer: jsonPointer(path.map(wellFormed)), detail })),
    )
  return JSON.parse(text)
}

const wellFormed = (key: string | number) => (typeof key === 'string' ? key.toWellFormed() : key)
