// Which list definitions are in use, and their parameters: a view over the global store `settings`. A definition is in use when a placement
// in force names it among its lists or fallbacks; the engine computes no other.
//
// A setting that has a mistake, as an earlier release stored it, counts as absent.

import {
  BUILT_IN_PLACEMENTS,
  checkDefinition,
  checkPlacement,
  DEFAULT_DEFINITIONS,
  type DefinitionSettings,
  hasSettings,
  LIST_DEFINITIONS,
  type Placement,
} from '../schemas/list-settings.ts';
import type { Setting } from '../schemas/records.ts';

/** Use of lists, per instance. */
export class ListUse {
  readonly #placements = new Map<string, Placement>(Object.entries(BUILT_IN_PLACEMENTS));
  readonly #definitions: { -readonly [D in keyof DefinitionSettings]: DefinitionSettings[D] } = {
    ...DEFAULT_DEFINITIONS,
  };
  #inUse: ReadonlySet<string> = new Set(LIST_DEFINITIONS);

  /** An entry of the global store was found at start, changed, or (`undefined`) was removed. */
  apply(name: string, setting: Setting | undefined): void {
    if (hasSettings(name)) this.#define(name, setting);
    else this.#place(name, setting);
  }

  isInUse(definition: string): boolean {
    return this.#inUse.has(definition);
  }

  parameters<D extends keyof DefinitionSettings>(definition: D): DefinitionSettings[D] {
    return this.#definitions[definition];
  }

  #define<D extends keyof DefinitionSettings>(name: D, setting: Setting | undefined): void {
    const checked = setting?.kind === 'definition' ? checkDefinition(name, JSON.parse(setting.body)) : undefined;
    this.#definitions[name] = checked !== undefined && 'value' in checked ? checked.value : DEFAULT_DEFINITIONS[name];
  }

  #place(name: string, setting: Setting | undefined): void {
    const checked = setting?.kind === 'placement' ? checkPlacement(name, JSON.parse(setting.body)) : undefined;
    const builtIn = (BUILT_IN_PLACEMENTS as { readonly [name: string]: Placement })[name];
    const placement = checked !== undefined && 'value' in checked ? checked.value : builtIn;
    if (placement === undefined) this.#placements.delete(name);
    else this.#placements.set(name, placement);
    const named = new Set<string>();
    for (const { isOn, lists, fallbacks } of this.#placements.values()) {
      if (!isOn) continue;
      for (const { definition } of lists) named.add(definition);
      for (const fallback of fallbacks) named.add(fallback);
    }
    this.#inUse = named;
  }
}
