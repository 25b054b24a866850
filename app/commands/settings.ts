// `freshet settings`: what the shop has set of lists and placements, and a file of it applied.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openAuditLog } from '../audit-log.ts';
import type { Config } from '../config.ts';
import { producerRecord } from '../producer-record.ts';
import { changesOf, readSettingsFile } from '../settings-file.ts';
import { openSettingsTopic } from '../settings-topic.ts';

const SIGNS = { added: '+', changed: '~', removed: '-', unchanged: '=' } as const;

export interface SettingsPlace {
  /** On Kafka; else in the data folder, while no engine runs on it. */
  readonly kafka: boolean;
}

/**
 * Makes what the file says stand, and prints what that changed; applied again, it changes nothing.
 * @throws {SettingsFileError} when anything in the file is wrong; then nothing is applied.
 */
export async function applySettings(
  config: Config,
  { file, kafka }: SettingsPlace & { readonly file: string },
  signal: AbortSignal,
): Promise<void> {
  const wanted = readSettingsFile(await readFile(file, 'utf8'));
  const log = await openAuditLog(config);
  const topic = await openSettingsTopic(config, kafka, signal);
  try {
    const changes = changesOf(wanted, topic.current);
    const due = changes.filter(({ change }) => change !== 'unchanged');
    await topic.append(
      due.map(({ kind, name, body }) => {
        // Not before what it takes the place of, whatever the clocks say.
        const at = Math.max(topic.nowMs, topic.current.get(name)?.at ?? 0);
        const value = body === undefined ? null : { eventId: randomUUID(), name, at, kind, body };
        return producerRecord(topic.serdes, 'settings', name, value, at);
      }),
    );
    if (due.length > 0)
      await log.write('settings-applied', {
        where: kafka ? 'kafka' : 'data folder',
        settings: due.map(({ kind, name, change }) => `${kind} ${name} ${change}`),
      });
    for (const { kind, name, change } of changes)
      process.stdout.write(`${SIGNS[change]} ${kind} ${name} (${change})\n`);
    process.stdout.write(`${due.length} of ${changes.length} settings changed.\n`);
  } finally {
    await topic.close();
  }
}

/** Prints what is set, as a file that can be applied. */
export async function showSettings(config: Config, { kafka }: SettingsPlace, signal: AbortSignal): Promise<void> {
  const topic = await openSettingsTopic(config, kafka, signal);
  try {
    const named = (kind: string) =>
      Object.fromEntries(
        [...topic.current.values()]
          .filter((setting) => setting.kind === kind)
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name, body }): [string, unknown] => [name, JSON.parse(body)]),
      );
    const shown = { definitions: named('definition'), placements: named('placement') };
    process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  } finally {
    await topic.close();
  }
}
