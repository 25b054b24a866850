// PLACEMENTS: publishes each placement that this task owns, so that the endpoint composes answers by it from then on, and refuses settings
// that cannot be used. Definitions are not published: only the engine needs them (list-use.ts).
//
// An event that is older than the stored one is ignored, and one that is refused leaves the stored one in force; the global store `settings`
// goes by the same rules. As in catalog.ts the task keeps its own copy, from which it can publish again what it has committed.

import type { KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../engine/api/index.ts';
import { checkPlacement, checkSetting, type Placement } from '../schemas/list-settings.ts';
import type { Setting } from '../schemas/records.ts';
import { publishedKeys } from './published-keys.ts';
import type { ListFormat } from './top-n/values.ts';

export interface PlacementsOptions {
  readonly format: ListFormat;
  /** Store of {@link Setting} by name. */
  readonly settingsStore: string;
  /** Node that publishes. */
  readonly listsSink: string;
}

/** Processor of `settings`. */
export class PlacementsProcessor implements Processor<Setting> {
  readonly #options: PlacementsOptions;
  #context!: ProcessorContext;
  #settings!: KeyValueStore<Setting>;

  constructor(options: PlacementsOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#settings = context.store(this.#options.settingsStore);
  }

  process(records: readonly StreamRecord<Setting>[]): void {
    for (const record of records) {
      const name = record.key;
      if (name === undefined) this.#context.refuse(record, 'missing-key', 'a setting needs its name as key');
      else if (record.value === null) {
        this.#settings.delete(name);
        this.#forward(name, undefined, record.timestampMs);
      } else this.#set(name, record.value, record);
    }
  }

  republish(_sink: string, keys: readonly string[]): void {
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind === 'placement')
        this.#forward(parsed.owner, this.#settings.get(parsed.owner), this.#context.streamTimeMs);
    }
  }

  publishedKeys(): Iterable<string> {
    return publishedKeys(this.#settings, (name, { kind }) =>
      kind === 'placement' ? [this.#options.format.placementKey(name)] : [],
    );
  }

  #set(name: string, setting: Setting, record: StreamRecord<Setting>): void {
    const checked = checkedSetting(setting);
    if ('mistakes' in checked) {
      this.#context.refuse(record, 'invalid-body', `${setting.kind} "${name}": ${checked.mistakes.join('; ')}`);
      return;
    }
    const standing = newerSetting(this.#settings.get(name), setting);
    if (standing === undefined) return;
    this.#settings.put(name, standing);
    this.#forward(name, standing, standing.at);
  }

  #forward(name: string, setting: Setting | undefined, timestampMs: number): void {
    const { format, listsSink } = this.#options;
    const placement = setting === undefined ? undefined : placementOf(name, setting);
    const value = placement === undefined ? null : format.encodePlacement(placement);
    this.#context.forward({ key: format.placementKey(name), value, timestampMs }, listsSink);
  }
}

/** The setting in force after an event that this processor may refuse. `undefined`: the stored one stays. */
export function standingSetting(stored: Setting | undefined, incoming: Setting): Setting | undefined {
  return 'value' in checkedSetting(incoming) ? newerSetting(stored, incoming) : undefined;
}

/** Of two events of one setting the newer by event time stands, the later of two with one time. `undefined`: the stored one stays. */
function newerSetting(stored: Setting | undefined, incoming: Setting): Setting | undefined {
  return stored !== undefined && incoming.at < stored.at ? undefined : incoming;
}

function checkedSetting({ kind, name, body }: Setting) {
  return checkSetting(kind, name, JSON.parse(body));
}

function placementOf(name: string, { kind, body }: Setting): Placement | undefined {
  if (kind !== 'placement') return undefined;
  const checked = checkPlacement(name, JSON.parse(body));
  return 'value' in checked ? checked.value : undefined;
}
