// The file of `freshet settings apply`: definitions and placements by name, `null` for one that is to go. The whole file is checked before
// anything of it counts, and every mistake is named with its place.

import { z } from 'zod';
import { checkSetting, mistakesOf } from '../schemas/list-settings.ts';
import type { Setting } from '../schemas/records.ts';

/** A setting as a file wants it. */
export interface WantedSetting {
  readonly kind: Setting['kind'];
  readonly name: string;
  /** As it was written; `undefined`: there shall be none. */
  readonly body: string | undefined;
}

/** What a file wants to become of one setting. */
export interface SettingChange extends WantedSetting {
  readonly change: 'added' | 'changed' | 'removed' | 'unchanged';
}

/** The file cannot be used; the text has a line for each mistake. */
export class SettingsFileError extends Error {
  override readonly name = 'SettingsFileError';
}

const bodies = z.record(z.string(), z.record(z.string(), z.unknown()).nullable());
const fileShape = z.strictObject({ definitions: bodies.optional(), placements: bodies.optional() });

/**
 * Reads a file's text.
 * @throws {SettingsFileError} naming every mistake.
 */
export function readSettingsFile(text: string): WantedSetting[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SettingsFileError(`The file is not JSON: ${(error as Error).message}`);
  }
  const { success, data, error } = fileShape.safeParse(json);
  if (!success) throw mistaken(mistakesOf(error));
  const { definitions = {}, placements = {} } = data;
  const wanted = [
    ...Object.entries(definitions).map(([name, body]) => ({ kind: 'definition' as const, name, body })),
    ...Object.entries(placements).map(([name, body]) => ({ kind: 'placement' as const, name, body })),
  ];
  const mistakes = wanted.flatMap(({ kind, name, body }) => {
    const checked = body === null ? { mistakes: [] } : checkSetting(kind, name, body);
    return 'mistakes' in checked ? checked.mistakes.map((mistake) => `${kind}s.${name}: ${mistake}`) : [];
  });
  if (mistakes.length > 0) throw mistaken(mistakes);
  return wanted.map(({ kind, name, body }) => ({ kind, name, body: body === null ? undefined : JSON.stringify(body) }));
}

/** What has to change for `wanted` to stand. Bodies that mean the same are the same, however they are written. */
export function changesOf(wanted: readonly WantedSetting[], current: ReadonlyMap<string, Setting>): SettingChange[] {
  return wanted.map((setting) => {
    const stored = current.get(setting.name);
    const before = stored === undefined ? undefined : meaning(stored.kind, setting.name, stored.body);
    const after = setting.body === undefined ? undefined : meaning(setting.kind, setting.name, setting.body);
    const change =
      before === after ? 'unchanged' : before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
    return { ...setting, change };
  });
}

/** A body with everything filled in, in one order; itself where it cannot be used, so that anything differs from it. */
function meaning(kind: Setting['kind'], name: string, body: string): string {
  const checked = checkSetting(kind, name, JSON.parse(body));
  return `${kind} ${'value' in checked ? JSON.stringify(checked.value) : body}`;
}

function mistaken(mistakes: readonly string[]): SettingsFileError {
  return new SettingsFileError(
    `Nothing was applied: the file has mistakes.\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`,
  );
}
