import { describe, expect, it } from 'vitest'
import { routes } from '../../../src/contract/index.ts'
import { contentDisposition } from '../../../src/server/routes/content-disposition.ts'
import { refusedContent } from '../../../src/server/routes/json-text.ts'
import { checkTarget, methodFinder, pathParams } from '../../../src/server/routes/paths.ts'

describe('a parsed body', () => {
  it('may hold no NUL, no half characters and no key that reaches a prototype, anywhere', () => {
    const body = JSON.parse(
      '{"a":["x\\u0000"],"b":{"__proto__":1},"c":{"d":{"constructor":{}}},"prototype":1,"e\\ud800":"\\udc00"}',
    )
    expect(
      refusedContent(body)
        .map((problem) => problem.pointer)
        .sort(),
    ).toEqual(['/a/0', '/b/__proto__', '/c/d/constructor', '/e\ufffd', '/prototype'])
    expect(refusedContent({ fine: ['😀', 'proto', { __proto: 1 }] })).toEqual([])
  })
})

describe('paths', () => {
  const template = '/api/v1/documents/{collection}/{path}'
  it.each([
    ['/api/v1/documents/c/a/b.md', { collection: 'c', path: 'a/b.md' }],
    ['/api/v1/documents/c/a%2Fb.md', { collection: 'c', path: 'a/b.md' }],
    ['/api/v1/documents/c%20d/100%25.md', { collection: 'c d', path: '100%.md' }],
    ['/api/v1/documents/c/%252e%252e', { collection: 'c', path: '%2e%2e' }],
    ['/api/v1/documents/%C3%BC/%E6%96%87', { collection: 'ü', path: '文' }],
  ])('%s is decoded once', (pathname, params) => {
    expect(pathParams(template, pathname)).toEqual(params)
  })

  it.each([
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/a/b/..',
    '/a/./b',
    '/a/..%2fb',
    '/a/..\\b',
    '/a%',
    '/a%zz',
    '/a%ff',
    '/a%00',
  ])('%s is refused', (target) => {
    expect(() => checkTarget(target)).toThrow(expect.objectContaining({ status: 422 }))
  })
  it.each(['/a/b?q=../x%', '/a/...', '/a/..b', '/a/b..'])('%s is taken', (target) => {
    expect(() => checkTarget(target)).not.toThrow()
  })

  it('say which methods they take', () => {
    const allowedMethods = methodFinder(Object.values(routes), [])
    expect(allowedMethods('/api/v1/jobs').sort()).toEqual(['GET', 'HEAD', 'POST'])
    expect(allowedMethods('/api/v1/documents/c/a/b').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT'])
    expect(allowedMethods('/api/v1/nothing')).toEqual([])
  })
})

describe('what no body may hold', () => {
  it('is named with its place: keys that reach prototypes, unstorable text, numbers beyond all bounds', () => {
    const body = JSON.parse(
      '{"a":[1,{"b":1e999}],"c":{"__proto__":{"d":"\\u0000"},"e":["\\ud800"]},"f":-1e999}',
    )
    expect(refusedContent(body).map(({ pointer }) => pointer)).toEqual([
      '/a/1/b',
      '/c/__proto__',
      '/c/e/0',
      '/f',
    ])
  })
})

describe('names of downloads', () => {
  it.each([
    ['report', 'attachment; filename="report"'],
    ['a"b\\c', `attachment; filename="a_b_c"; filename*=UTF-8''a%22b%5Cc`],
    ['grün.md', `attachment; filename="gr_n.md"; filename*=UTF-8''gr%C3%BCn.md`],
    ["it's (1).md", 'attachment; filename="it\'s (1).md"'],
  ])('%s', (name, header) => {
    expect(contentDisposition(name)).toBe(header)
  })
})
