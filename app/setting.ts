// Kinds of settings: what each takes, and the sentence that says what is wrong with a text.

/** A setting and how its text is read. */
export interface Setting<T> {
  readonly variable: string;
  readonly text: string;
  /** As the documentation prints it. */
  readonly fallback: T;
  readonly range: string;
  /** The value of the text, or a sentence that says what is wrong with it. */
  readonly parse: (text: string) => T | Mistake;
}

/** Why a text is no value. */
export class Mistake {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A whole number. */
export function integer(variable: string, fallback: number, min: number, max: number, text: string): Setting<number> {
  return {
    variable,
    text,
    fallback,
    range: `${min} to ${max}`,
    parse(value) {
      const number = Number(value);
      return Number.isInteger(number) && number >= min && number <= max && value.trim() !== ''
        ? number
        : new Mistake(`must be a whole number from ${min} to ${max}, not "${value}"`);
    },
  };
}

/** A whole number that may be left out. */
export function optionalInteger(variable: string, min: number, max: number, text: string): Setting<number | undefined> {
  return { ...integer(variable, 0, min, max, text), fallback: undefined };
}

/** One of a few words. */
export function choice<T extends string>(
  variable: string,
  fallback: T,
  choices: readonly T[],
  text: string,
): Setting<T> {
  return {
    variable,
    text,
    fallback,
    range: choices.join(', '),
    parse: (value) =>
      choices.find((one) => one === value) ?? new Mistake(`must be one of ${choices.join(', ')}, not "${value}"`),
  };
}

/** A text that is not empty. */
export function words(variable: string, fallback: string, range: string, text: string): Setting<string> {
  return {
    variable,
    text,
    fallback,
    range,
    parse: (value) => (value.trim() === '' ? new Mistake('must not be empty') : value),
  };
}

/** A text that may be left out. */
export function optional(variable: string, range: string, text: string): Setting<string | undefined> {
  return {
    variable,
    text,
    fallback: undefined,
    range,
    parse: (value) => (value.trim() === '' ? new Mistake('must not be empty; leave it out instead') : value),
  };
}

/** `host:port`, several with commas. */
export function addresses(variable: string, fallback: string, text: string): Setting<string> {
  const one = /^(\[[0-9a-fA-F:]+\]|[^\s,:[\]]+):\d{1,5}$/;
  return {
    variable,
    text,
    fallback,
    range: 'host:port, several with commas',
    parse: (value) =>
      value.split(',').every((address) => one.test(address.trim()))
        ? value
        : new Mistake(`must be host:port, several with commas, not "${value}"`),
  };
}

/** `https://host`, several with commas. */
export function origins(variable: string, text: string): Setting<string | undefined> {
  return {
    variable,
    text,
    fallback: undefined,
    range: 'https://host, several with commas',
    parse: (value) =>
      value
        .split(',')
        .every((one) => /^https?:$/.test(URL.parse(one)?.protocol ?? '') && URL.parse(one)?.origin === one)
        ? value
        : new Mistake(`must be origins such as https://shop.example, several with commas, not "${value}"`),
  };
}

/** A name that may stand in those of topics and keys. */
export function name(variable: string, fallback: string, text: string): Setting<string> {
  return {
    variable,
    text,
    fallback,
    range: 'letters, digits, ., _ and -, at most 100',
    parse: (value) =>
      /^[A-Za-z0-9._-]{1,100}$/.test(value)
        ? value
        : new Mistake(`must be 1 to 100 letters, digits, ".", "_" or "-", not "${value}"`),
  };
}

/** A name that is part of others. */
export function part(
  variable: string,
  fallback: string,
  pattern: RegExp,
  range: string,
  text: string,
): Setting<string> {
  return {
    variable,
    text,
    fallback,
    range,
    parse: (value) => (pattern.test(value) ? value : new Mistake(`must be ${range}, not "${value}"`)),
  };
}
