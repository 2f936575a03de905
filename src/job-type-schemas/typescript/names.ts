/** `metagraph_update` → `MetagraphUpdate`; always a name that TypeScript takes after a letter. */
export function pascalCase(text: string): string {
  return text
    .split(/[^\p{ID_Start}\p{Nd}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
}

/** The name, or with the first number behind it that makes it another one than those in use. It is in use from now on. */
export function unusedName(wanted: string, taken: Set<string>): string {
  const base = /^\p{ID_Start}/u.test(wanted) ? wanted : `Type${wanted}`
  let name = base
  for (let number = 2; taken.has(name); number += 1) name = `${base}${number}`
  taken.add(name)
  return name
}

/** A name of a property as it is written: quoted where it has to be. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

/** A text in single quotes. What could break a line, end a comment or turn the direction of the text is written as an escape. */
export function quoted(text: string): string {
  const inside = escaped(JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"'))
  return inside.includes("'") && !inside.includes('"') ? `"${inside}"` : `'${inside.replaceAll("'", "\\'")}'`
}

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** As escapes of JavaScript and of JSON: what nobody can see, and what a compiler takes for the end of a line. */
export function escaped(text: string): string {
  return text.replace(unsafe, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
