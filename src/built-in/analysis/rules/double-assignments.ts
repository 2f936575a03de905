import { slugOf } from '../language/names.ts'
import { distinctPlaces, type Finding, nameOf, placeText, type Rule } from './rule.ts'

/** Pins with two signals, and requirement ids with two texts. */
export const doubleAssignments: Rule = {
  name: 'double-assignments',
  find(model) {
    const pins = Map.groupBy(
      model.pins,
      ({ connector, owner, pin }) => `${connector} ${owner} ${pin.toLowerCase()}`,
    )
    // A matrix repeats a requirement by its title; only obligations are its text.
    const obliging = model.requirements.filter(({ text }) => /\b(?:shall|must)\b/i.test(text))
    const requirements = Map.groupBy(obliging, ({ id }) => id)
    return [
      ...[...pins.values()].flatMap((uses): Finding[] => {
        const [first] = uses
        const other = uses.find(({ signal }) => slugOf(signal) !== slugOf(first?.signal ?? ''))
        if (first === undefined || other === undefined) return []
        const name = `${nameOf(model, first.connector)} pin ${first.pin}`
        return [
          {
            title: `${name} is assigned twice (${first.signal}, ${other.signal})`,
            description: `${placeText(first.place)} assigns ${first.signal} to ${name}, ${placeText(other.place)} assigns ${other.signal} to it. Decide which signal is there and move the other.`,
            priority: 'high',
            tags: ['contradiction', 'pin'],
            places: [first.place, other.place],
          },
        ]
      }),
      ...[...requirements].flatMap(([id, stated]): Finding[] => {
        const [first] = stated
        const other = stated.find(({ text }) => slugOf(text) !== slugOf(first?.text ?? ''))
        if (first === undefined || other === undefined) return []
        const same = first.place.document === other.place.document
        return [
          {
            title: `${id} is stated twice with different texts`,
            description: `${placeText(first.place)} says "${first.text}", ${placeText(other.place)} says "${other.text}". ${same ? 'Give one of them an id of its own' : 'Make them one text'}.`,
            priority: 'medium',
            tags: ['contradiction', 'requirement'],
            places: distinctPlaces([first.place, other.place]),
          },
        ]
      }),
    ]
  },
}
