// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTemplate } from '../../../src/pipeline/nodes/template.ts'

function sources(text: string): string[] {
  const template = parseTemplate(text)
  expect(template.error).toBeUndefined()
  return template.parts.flatMap((part) => (part.kind === 'expression' ? [part.source] : []))
}

test('text and expressions come apart, with their places', () => {
  expect(parseTemplate('a ${{ inputs.x }} b')).toEqual({
    parts: [
      { kind: 'literal', text: 'a ', start: 0, end: 2 },
      { kind: 'expression', source: 'inputs.x', sourceStart: 6, start: 2, end: 17 },
      { kind: 'literal', text: ' b', start: 17, end: 19 },
    ],
  })
})

test.each([
  ["${{ 'a}}b' }}", "'a}}b'"],
  ['${{ "a}}b" }}', '"a}}b"'],
  ["${{ 'it\\'s }}' }}", "'it\\'s }}'"],
  ["${{ '''a'}}b''' }}", "'''a'}}b'''"],
  ["${{ r'\\}}' }}", "r'\\}}'"],
  ["${{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"],
  ["${{ {'a': {'b': 1}}}}", "{'a': {'b': 1}}"],
  ["${{ '${{' }}", "'${{'"],
  ['${{ 1 // a comment }}', '1 // a comment'],
  ["${{ 1 // don't }}", "1 // don't"],
  ['${{inputs.x}}', 'inputs.x'],
])('%s holds the expression %s', (text, source) => {
  expect(sources(text)).toEqual([source])
})

test.each([
  ['${{ inputs.x', 0, 'expression_unclosed'],
  ['a ${{ b }} ${{ "c }}', 11, 'expression_unclosed'],
  ["x ${{ {'a': 1 }}", 2, 'expression_unclosed'],
  ['a ${{   }}', 2, 'expression_empty'],
])('%s is refused at offset %i', (text, offset, code) => {
  expect(parseTemplate(text).error).toMatchObject({ offset, code })
})

test('text without the marks is one literal, whatever it holds', () => {
  expect(parseTemplate('$ {{ x }} ${ y } $')).toEqual({
    parts: [{ kind: 'literal', text: '$ {{ x }} ${ y } $', start: 0, end: 18 }],
  })
  expect(parseTemplate('')).toEqual({ parts: [] })
})

test('the parts always cover the text without gaps, up to an error', () => {
  const piece = fc.constantFrom('${{', '}}', '{', '}', "'", '"', '\\', "'''", ' ', 'a', '//', '\n', 'é', '🙂')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('')
      const { parts, error } = parseTemplate(text)
      let at = 0
      for (const part of parts) {
        expect(part.start).toBe(at)
        at = part.end
        if (part.kind === 'literal') expect(text.slice(part.start, part.end)).toBe(part.text)
        else expect(text.slice(part.sourceStart, part.sourceStart + part.source.length)).toBe(part.source)
      }
      expect(at).toBe(error ? error.offset : text.length)
    }),
    { numRuns: 2000 },
  )
})

test('an expression put between the marks comes out again', () => {
  const piece = fc.constantFrom("'a}}'", '"}}"', 'inputs.x', "{'k': {'l': 1}}", ' + ', '[1]', 'size(x)', '!')
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.string(), (pieces, tail) => {
      const source = pieces.join('').trim()
      const after = tail.replaceAll('$', '')
      expect(parseTemplate(`\${{ ${source} }}${after}`).parts[0]).toMatchObject({
        kind: 'expression',
        source,
      })
    }),
  )
})
