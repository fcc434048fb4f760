// Values that are almost right: what most bypasses were.
import fc, { type Arbitrary } from 'fast-check'

/** A character beyond what a well-behaved client sends, as Node gives it: header values are latin1. */
const hostileCharacter = fc.oneof(
  fc.constantFrom(...' \t,:/\\@?#%*[]().-_~;\'"\0\x7f\x80\xa0\xff', '..', '//', '%2e', '%2F', '%5c', '://'),
  fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code))
)

export const hostileText = fc.oneof(
  fc.array(hostileCharacter, { maxLength: 12 }).map(characters => characters.join('')),
  fc.string({ unit: 'binary', maxLength: 20 })
)

/** Ways in which a value is almost another one. Each takes the value, a place in it, and a text. */
const spoilings: ReadonlyArray<(value: string, at: number, text: string) => string> = [
  (value, at, text) => value.slice(0, at) + text + value.slice(at),
  (value, at) => value.slice(0, at) + value.slice(at + 1),
  (value, at) => value.slice(0, at),
  (value, at) => value.slice(0, at) + value.slice(at).toUpperCase(),
  (value, at) => value.slice(at) + value.slice(0, at),
  (value, _, text) => value + text,
  (value, _, text) => text + value,
  (value) => `${value}, ${value}`,
  (value) => `${value}, https://evil.example`,
  (value) => `${value}.`,
  (value) => `${value}.evil.example`,
  (value) => `${value}@evil.example`,
  (value) => `${value}/`,
  (value) => value.replace('://', '://evil-'),
  (value) => value.replace('://', '://sub.'),
  (value) => value.replace('://', '://user@'),
  (value) => value.replace('://', '://.'),
  (value) => value.replace('://', ':'),
  (value) => value.replace('.', 'x'),
  (value) => value.replace('https', 'http'),
  (value) => value.replace(/https?/, 'capacitor'),
  (value) => value.replace(/:\d+$/, ''),
  (value) => `${value}:443`,
  (value) => `${value}:80`,
  (value) => value.replace(/(:\d+)?$/, ':0443'),
  (value) => value.replace(/(:\d+)?$/, ':65536'),
  (value) => `${value}:`
]

/** The value, spoilt once or twice. */
export function near (value: Arbitrary<string>): Arbitrary<string> {
  const spoiling = fc.tuple(fc.nat(spoilings.length - 1), fc.nat(30), hostileCharacter)
  return fc.tuple(value, spoiling, fc.option(spoiling, { freq: 3, nil: undefined })).map(([value, ...steps]) => (
    steps.reduce((spoilt, step) => step === undefined ? spoilt : spoilings[step[0]]!(spoilt, step[1] % (spoilt.length + 1), step[2]), value)
  ))
}

/** Each choice as often as its weight says. */
export function weighted<Value> (...choices: Array<[weight: number, choice: Arbitrary<Value> | Value]>): Arbitrary<Value> {
  return fc.oneof(...choices.map(([weight, choice]) => ({
    weight, arbitrary: choice instanceof fc.Arbitrary ? choice : fc.constant(choice)
  })))
}

/** A value now and then: `times` times as often there is none. */
export function rarely<Value> (times: number, value: Arbitrary<Value>): Arbitrary<Value | undefined> {
  return weighted<Value | undefined>([times, undefined], [1, value])
}
