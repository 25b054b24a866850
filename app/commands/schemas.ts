// `freshet schemas`: registers the contracts, checks a producer's events against them without any server, and writes one event as
// the bytes that go to Kafka.

import { addAbortSignal } from 'node:stream';
import { silentLogger, systemClock } from '../../engine/api/index.ts';
import { EVENT_IDS } from '../../processors/profile/profile.ts';
import { createSerdes, type SourceTopic } from '../../schemas/index.ts';
import { type Registration, registerContracts } from '../../schemas/register-contracts.ts';
import { type CompatibilityLevel, type RegistryAddress, RegistryHttp } from '../../schemas/registry-http.ts';
import { connectRegistry } from '../../schemas/registry-source.ts';
import { linesOf } from '../../tools/replay/lines.ts';
import { SourceFile } from '../../tools/replay/source-file.ts';
import { EventCheck } from '../event-check.ts';

/** Where the contracts are registered, and under which physical names of the topics. */
export interface RegistryPlace extends RegistryAddress {
  topicName(topic: SourceTopic): string;
}

export interface RegisterSchemasOptions extends RegistryPlace {
  readonly compatibility: CompatibilityLevel;
  /** One JSON array in place of text. */
  readonly json: boolean;
}

/**
 * Registers every contract and prints what came of it. Returns whether all of them are registered.
 * @throws {RegistryError} when the registry is away or does not let us in.
 */
export async function registerSchemas(options: RegisterSchemasOptions): Promise<boolean> {
  const registry = new RegistryHttp(options);
  await registry.ping();
  const { compatibility, topicName } = options;
  const registrations = await registerContracts({ registry, compatibility, topicName });
  if (options.json) process.stdout.write(`${JSON.stringify(registrations)}\n`);
  else {
    process.stdout.write(registrations.map(describe).join(''));
    process.stdout.write(`${registry.base}: ${summary(registrations)}\n`);
  }
  return registrations.every(({ outcome }) => outcome !== 'refused');
}

const OUTCOMES: { readonly [outcome in Registration['outcome']]: string } = {
  new: 'new',
  changed: 'changed',
  unchanged: 'unchanged',
  older: 'unchanged; the subject has a newer version',
  refused: 'REFUSED',
};

function describe({ subject, version, id, outcome, reason, changes, compatibility }: Registration): string {
  const place = version === undefined ? '' : `  version ${version}  id ${id}`;
  const { level, was } = compatibility;
  const levelText = 'was' in compatibility && outcome !== 'new' ? `${level}, was ${was ?? "the registry's"}` : level;
  const isTold = outcome === 'changed' || outcome === 'refused';
  return [
    `${subject}${place}  ${OUTCOMES[outcome]}${levelText === undefined ? '' : `  (${levelText})`}\n`,
    reason === undefined ? '' : `    ${reason}\n`,
    ...(isTold ? changes : []).map(
      ({ path, text, breaks }) =>
        `    ${path === '' ? 'the record' : path} ${text}${breaks ? '  <- not compatible' : ''}\n`,
    ),
  ].join('');
}

function summary(registrations: readonly Registration[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of registrations) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return Array.from(counts, ([outcome, count]) => `${count} ${outcome}`).join(', ');
}

export interface CheckEventsOptions {
  /** JSON lines, plain or gzip; `-` is standard input. */
  readonly file: string;
  /** One JSON object a refusal and one for the summary, in place of text. */
  readonly json: boolean;
}

/**
 * Prints why events of a file would be refused. Returns whether none would.
 * @throws {ReplayFileError} when the file cannot be read.
 */
export async function checkEvents({ file, json }: CheckEventsOptions, signal: AbortSignal): Promise<boolean> {
  const check = new EventCheck(systemClock);
  const codes = new Map<string, number>();
  let events = 0;
  let refused = 0;
  let repeated = 0;
  const chunks = file === '-' ? standardInput(signal) : (await SourceFile.open(file)).chunks();
  for await (const lines of linesOf(chunks)) {
    if (signal.aborted) throw new DOMException('the check was ended', 'AbortError');
    let report = '';
    for (const { number: line, text } of lines) {
      if (text.trim() === '') continue;
      events += 1;
      const { topic, refusal, isRepeated } = check.check(text);
      if (isRepeated) repeated += 1;
      if (refusal === undefined) continue;
      refused += 1;
      codes.set(refusal.code, (codes.get(refusal.code) ?? 0) + 1);
      report += json
        ? `${JSON.stringify({ line, topic, ...refusal })}\n`
        : `line ${line}${topic === undefined ? '' : ` (${topic})`}: ${refusal.code}: ${refusal.text}\n    ${refusal.remedy}\n`;
    }
    if (report !== '') process.stdout.write(report);
  }
  const counts = { events, accepted: events - refused, refused, repeated, codes: Object.fromEntries(codes) };
  process.stdout.write(json ? `${JSON.stringify(counts)}\n` : checkSummary(counts));
  return refused === 0;
}

interface CheckCounts {
  readonly events: number;
  readonly accepted: number;
  readonly refused: number;
  readonly repeated: number;
  readonly codes: { readonly [code: string]: number };
}

function checkSummary({ events, accepted, refused, repeated, codes }: CheckCounts): string {
  const lines = [`${events} events: ${accepted} would be accepted, ${refused} refused`];
  for (const [code, count] of Object.entries(codes)) lines.push(`  ${count} ${code}`);
  if (repeated > 0)
    lines.push(
      `  ${repeated} of the accepted repeat one of the last ${EVENT_IDS} eventIds of their visitor: they would be dropped and counted`,
    );
  return `${lines.join('\n')}\n`;
}

/**
 * Reads one event from standard input, as `check` reads it, and writes its value framed for Kafka to standard output. The
 * contracts must be registered.
 * @throws {RefusedRecordError} when the engine would refuse it.
 * @throws {RegistryError} when the registry is away, does not let us in or does not have the contract.
 */
export async function encodeEvent(place: RegistryPlace, signal: AbortSignal): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of standardInput(signal)) parts.push(part);
  // Whoever types a command wants to hear that the registry is away, not to wait for it.
  await new RegistryHttp(place).ping();
  const source = await connectRegistry({ ...place, clock: systemClock, logger: silentLogger, signal });
  try {
    const bytes = new EventCheck(systemClock).encode(Buffer.concat(parts).toString(), createSerdes(source));
    process.stdout.write(bytes);
  } finally {
    source.close();
  }
}

/** Bytes of standard input until its end, or until the signal aborts. */
function standardInput(signal: AbortSignal): AsyncIterable<Buffer> {
  return addAbortSignal(signal, process.stdin) as AsyncIterable<Buffer>;
}
