// How each list is made: the definitions among the settings. A view over the global store `settings`. A body that does not hold to its
// rules changes nothing: the list is made as if it were not there.

import { DEFAULT_TUNING, type ListTuning, listTuningBody } from '../schemas/list-tuning.ts';
import type { Setting } from '../schemas/records.ts';

/** The tuning of a list definition. */
export type TuningOf = (definition: string) => ListTuning;

/** Tunings by definition, per instance. */
export class ListTunings {
  readonly #fallback: ListTuning;
  readonly #tunings = new Map<string, ListTuning>();

  /** @param fallback for every definition that is not set. */
  constructor(fallback: ListTuning = DEFAULT_TUNING) {
    this.#fallback = fallback;
  }

  /** An entry of the global store `settings` was found at start, changed, or (`undefined`) went away. */
  apply(name: string, setting: Setting | undefined): void {
    this.#tunings.delete(name);
    if (setting?.kind !== 'definition') return;
    const { data } = listTuningBody.safeParse(bodyOf(setting));
    if (data !== undefined) this.#tunings.set(name, data);
  }

  of(definition: string): ListTuning {
    return this.#tunings.get(definition) ?? this.#fallback;
  }
}

function bodyOf({ body }: Setting): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
