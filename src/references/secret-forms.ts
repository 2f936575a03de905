/** The forms in which a secret shows up in text: itself, and what the usual encodings make of it. */

const escapes = (text: string, pattern: RegExp, replace: (character: string) => string): string =>
  text.replaceAll(pattern, (character) => replace(character))

const named = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
])
const html = (text: string, quote: string): string =>
  escapes(text, /[&<>"']/g, (character) => named.get(character) ?? quote)

/** As programs write them into JSON: as little as needed, without the signs of HTML, in ASCII, with slashes escaped. */
function jsonForms(text: string): string[] {
  const inside = JSON.stringify(text).slice(1, -1)
  const unicode = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  const safe = escapes(inside, /[<>&']/g, unicode)
  const ascii = escapes(inside, /[\u007f-\uffff]/g, unicode)
  const forms = [inside, safe, ascii, upperUnicode(safe), upperUnicode(ascii)]
  return [...forms, ...forms.map((form) => form.replaceAll('/', '\\/')), JSON.stringify(inside).slice(1, -1)]
}

const upperUnicode = (text: string): string =>
  text.replaceAll(/\\u([0-9a-f]{4})/g, (_, digits: string) => `\\u${digits.toUpperCase()}`)

/** As URLs and forms carry them; hexadecimal digits are written in either case. */
function percentForms(text: string): string[] {
  if (!text.isWellFormed()) return []
  const component = encodeURIComponent(text)
  const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  const strict = escapes(component, /[!'()*]/g, percent)
  const form = new URLSearchParams({ '': text }).toString().slice(1)
  const all = [
    component,
    strict,
    encodeURI(text),
    form,
    strict.replaceAll('%20', '+'),
    ...partsOfUrl(text),
    encodeURIComponent(component),
    encodeURIComponent(strict),
  ]
  return [...all, ...all.map((each) => escapes(each, /%[0-9A-F]{2}/g, (sign) => sign.toLowerCase()))]
}

/** What a URL makes of it, wherever it stands there: each part has signs of its own that stay as they are. */
function partsOfUrl(text: string): string[] {
  const url = new URL('http://u@h/')
  url.password = text
  url.pathname = `/${text}`
  url.search = `?${text}`
  url.hash = `#${text}`
  return [url.password, url.pathname.slice(1), url.search.slice(1), url.hash.slice(1)]
}

/** Between either kind of quotes, and without any. */
function shellForms(text: string): string[] {
  return [
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    escapes(text, /["$`\\]/g, (character) => `\\${character}`),
    escapes(text, /[^\w@%+=:,./-]/g, (character) => `\\${character}`),
  ]
}

function htmlForms(text: string): string[] {
  const content = escapes(text, /[&<>]/g, (character) => named.get(character) ?? character)
  return [content, ...['&#39;', '&#x27;', '&apos;', "'"].map((quote) => html(text, quote))]
}

function hexForms(text: string): string[] {
  const hex = Buffer.from(text).toString('hex')
  const spaced = hex.replaceAll(/..(?=.)/g, '$& ')
  return [hex, spaced, spaced.replaceAll(' ', ':')].flatMap((form) => [form, form.toUpperCase()])
}

/** Every text that says the same as a secret; base64 is another matter. */
export function textForms(secret: string): string[] {
  return [
    secret,
    ...jsonForms(secret),
    ...percentForms(secret),
    ...shellForms(secret),
    ...htmlForms(secret),
    ...hexForms(secret),
  ]
}

/** Characters before which the secret's own ones begin, when it comes after none, one or two bytes of a group of three. */
const spoilt = [0, 2, 3] as const

/** Characters of a line, where base64 is broken into lines: in PEM, in MIME. */
const lineLengths = [64, 76] as const

/**
 * What base64 makes of a secret wherever it stands in what is encoded, as in `user:secret`: only the characters that are
 * made of its bytes alone. A long one that is encoded by itself may be broken into lines.
 */
export function base64Fragments(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const fragments = spoilt.map((from, offset) => {
    const whole = Math.floor(((offset + bytes.length) * 8) / 6)
    return Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(from, whole)
  })
  const [alone = ''] = fragments
  const lines = lineLengths.flatMap((length) =>
    alone.length > length ? (alone.match(new RegExp(`.{1,${length}}`, 'g')) ?? []) : [],
  )
  return [...fragments, ...lines].flatMap((text) => [
    text,
    text.replaceAll('+', '-').replaceAll('/', '_'),
    text.replaceAll('+', '%2B').replaceAll('/', '%2F'),
  ])
}
