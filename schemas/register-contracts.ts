// Registers the contracts in a schema registry. Idempotent: what is there already stays as it is. A contract that could not read
// what its subject's newest version has written is refused with the fields that are to blame, before anything is changed.

import type { Schema } from 'avsc';
import { incompatibility } from './compatibility.ts';
import { type SourceTopic, sourceTopics } from './records.ts';
import { type CompatibilityLevel, RegistryError, type RegistryHttp, subjectOf } from './registry-http.ts';
import { type SchemaChange, schemaChanges } from './schema-changes.ts';
import { readerSchema } from './schema-source.ts';

/** What came of one contract. */
export interface Registration {
  readonly topic: SourceTopic;
  readonly subject: string;
  /**
   * `new`: the subject's first version; `changed`: a further version; `unchanged`: it was there; `older`: it was there, and the
   * subject has a newer version since; `refused`: it is not registered.
   */
  readonly outcome: 'new' | 'changed' | 'unchanged' | 'older' | 'refused';
  /** Version and id of the contract; absent when it was refused. */
  readonly version?: number;
  readonly id?: number;
  /** The subject's level, and what it was when it has been changed (`undefined` there: the registry's own). */
  readonly compatibility: { readonly level: string | undefined; readonly was?: string | undefined };
  /** From the version that was the newest to the contract. */
  readonly changes: readonly SchemaChange[];
  /** Why it was refused. */
  readonly reason?: string;
}

export interface RegisterOptions {
  readonly registry: RegistryHttp;
  readonly compatibility: CompatibilityLevel;
  /** Physical name of a topic. */
  topicName(topic: SourceTopic): string;
  /** @defaultValue the contracts of this release */
  readonly schemaOf?: (topic: SourceTopic) => Schema;
}

/**
 * One contract after the other, in the order of the topics' names.
 * @throws {RegistryError} when the registry is away or does not let us in.
 */
export async function registerContracts(options: RegisterOptions): Promise<readonly Registration[]> {
  const registrations: Registration[] = [];
  for (const topic of sourceTopics) registrations.push(await register(topic, options));
  return registrations;
}

async function register(topic: SourceTopic, options: RegisterOptions): Promise<Registration> {
  const { registry, compatibility: level } = options;
  const schema = (options.schemaOf ?? readerSchema)(topic);
  const subject = subjectOf(options.topicName(topic));
  const newest = await registry.latest(subject);
  const was = newest === undefined ? undefined : await registry.compatibility(subject);
  const refused = (changes: readonly SchemaChange[], reason: string, kept: string | undefined): Registration => {
    return { topic, subject, outcome: 'refused', compatibility: { level: kept }, changes, reason };
  };

  if (newest !== undefined && newest.type !== 'AVRO')
    return refused([], `version ${newest.version} of the subject is ${newest.type}, not Avro`, was);
  const before = newest === undefined ? undefined : (JSON.parse(newest.schema) as Schema);
  const changes = before === undefined ? [] : schemaChanges(before, schema);
  const there = newest === undefined ? undefined : await registry.lookUp(subject, schema);
  const isReadable = before === undefined || incompatibility(schema, before) === undefined;
  if (there === undefined && readsOldValues(level) && !isReadable)
    return refused(changes, `it cannot read what version ${newest!.version} of the subject has written`, was);

  // Before the schema, so that the registry checks it by this level; but a subject has no level before its first schema.
  if (newest !== undefined && was !== level) await registry.setCompatibility(subject, level);
  if (there === undefined)
    try {
      await registry.register(subject, schema);
    } catch (error) {
      if (!(error instanceof RegistryError) || (error.status !== 409 && error.status !== 422)) throw error;
      return refused(changes, error.message, newest === undefined ? undefined : level);
    }
  if (newest === undefined) await registry.setCompatibility(subject, level);
  const registered = there ?? (await registry.lookUp(subject, schema));
  if (registered === undefined) throw new RegistryError(`the registry has taken ${subject} and does not find it`);

  const { id, version } = registered;
  const outcome =
    newest === undefined ? 'new' : there === undefined ? 'changed' : version < newest.version ? 'older' : 'unchanged';
  const compatibility = was === level ? { level } : { level, was };
  return { topic, subject, outcome, version, id, compatibility, changes };
}

const readsOldValues = (level: CompatibilityLevel) => level.startsWith('BACKWARD') || level.startsWith('FULL');
