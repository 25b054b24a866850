// What options of the command line may be: each function takes the text and gives the value, or says what it must be.
import { InvalidArgumentError } from 'commander';
import { type ListTuning, listTuningBody } from '../schemas/list-tuning.ts';
import { MAX_KEY_NAME_LENGTH, SCOPES, type Scope } from '../serving/security/api-key.ts';

export function number(min: number, max: number, whole = true): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
    return value;
  };
}

export function httpUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('It must be http:// or https://.');
  return text;
}

/** A JSON object with fields of a list's tuning. */
export function tuning(text: string): Partial<ListTuning> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be a JSON object.');
  }
  const { error } = listTuningBody.safeParse(given);
  if (error !== undefined)
    throw new InvalidArgumentError(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}.`).join(' '));
  return given as Partial<ListTuning>;
}

/** Epoch ms of a time as ISO 8601 writes it. */
export function time(text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z.');
  return value;
}

export function keyName(text: string): string {
  if (text.length === 0 || text.length > MAX_KEY_NAME_LENGTH)
    throw new InvalidArgumentError(`It must have 1 to ${MAX_KEY_NAME_LENGTH} characters.`);
  return text;
}

export function scopes(text: string): readonly Scope[] {
  return text.split(',').map((name) => {
    const scope = SCOPES.find((one) => one === name);
    if (scope === undefined) throw new InvalidArgumentError(`They are of ${SCOPES.join(', ')}, several with commas.`);
    return scope;
  });
}
