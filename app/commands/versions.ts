// `freshet versions`: the versions of the application that run side by side, which of them the endpoint serves, and the end of one.

import type { Admin } from 'kafkajs';
import { silentLogger } from '../../engine/api/index.ts';
import { dropRedisLists, listKey, type RedisVersions, type ServedVersions, topListSerde } from '../../lists/index.ts';
import { openAuditLog } from '../audit-log.ts';
import { type Config, ConfigError } from '../config.ts';
import { withAdmin } from '../kafka-admin.ts';
import { createLogger } from '../logging.ts';
import { openRedisLists, redisOptions } from '../redis.ts';
import { openServedVersions } from '../served-versions.ts';
import { FIRST_VERSION, ownName, VERSION_NAME } from '../version.ts';
import { catchUp, deleteGroups, lagOf, ownTopics, runningInstances, versionsThere } from '../version-progress.ts';

/** A version is caught up when it is at most so far behind, ms. */
const CAUGHT_UP_WITHIN_MS = 10_000;
const EVERYBODYS_LIST = listKey('segment', 'popular', 'default', 'global');

/** What a command needs of the servers. */
interface Place {
  readonly admin: Admin;
  readonly served: RedisVersions;
  readonly current: ServedVersions;
}

/** How a version stands. */
interface VersionView {
  readonly version: string;
  readonly isActive: boolean;
  /** Endpoints keep it ready, to be switched back to. */
  readonly isPrevious: boolean;
  readonly instances: number;
  readonly lagRecords: number;
  /** Time of the newest event in the list of what is popular everywhere, epoch ms; `null` where there is none. */
  readonly newestEventMs: number | null;
}

async function withServers<T>(
  config: Config,
  signal: AbortSignal | undefined,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const served = await openServedVersions(config);
  const logger = createLogger(config.logLevel, 'freshet-versions');
  try {
    return await withAdmin(config, { logger, signal }, async (admin) =>
      work({ admin, served, current: (await served.read()) ?? { active: FIRST_VERSION } }),
    );
  } finally {
    served.close();
  }
}

/** The settings as they are for a version. @throws {ConfigError} for a name that no version has. */
function versionConfig(config: Config, version: string): Config {
  if (!VERSION_NAME.test(version)) throw new ConfigError(`a version has 1 to 20 letters and digits, not "${version}"`);
  return { ...config, version };
}

async function newestEventMs(config: Config): Promise<number | null> {
  const lists = await openRedisLists(config, silentLogger);
  try {
    const [entry] = await lists.getMany([EVERYBODYS_LIST]);
    return entry === undefined ? null : topListSerde.deserialize(entry.value).asOf.at;
  } finally {
    await lists.close();
  }
}

/** Prints every version that there is. */
export function listVersions(config: Config, { json }: { readonly json: boolean }): Promise<void> {
  return withServers(config, undefined, async ({ admin, current }) => {
    for (const version of await versionsThere(admin, config)) {
      const own = versionConfig(config, version);
      const view: VersionView = {
        version,
        isActive: version === current.active,
        isPrevious: version === current.previous,
        instances: await runningInstances(admin, own),
        lagRecords: await lagOf(admin, own),
        newestEventMs: await newestEventMs(own),
      };
      process.stdout.write(json ? `${JSON.stringify(view)}\n` : `${described(view, ownName(own))}\n`);
    }
  });
}

function described(view: VersionView, name: string): string {
  const role = view.isActive ? 'served' : view.isPrevious ? 'kept ready' : 'not served';
  const instances = `${view.instances} ${view.instances === 1 ? 'instance' : 'instances'}`;
  const lag = view.lagRecords === 0 ? 'nothing to process' : `${view.lagRecords} records to process`;
  const seconds = view.newestEventMs === null ? undefined : Math.round((Date.now() - view.newestEventMs) / 1_000);
  const age = seconds === undefined ? 'no lists' : `newest event in its lists ${seconds} s ago`;
  return `${view.isActive ? '*' : ' '} ${view.version}  (${name})  ${role}, ${instances}, ${lag}, ${age}`;
}

/** Has the endpoint serve a version. Returns false, with the reason said, where it may not be served. */
export function switchVersion(
  config: Config,
  version: string,
  { force }: { readonly force: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const own = versionConfig(config, version);
  return withServers(config, signal, async ({ admin, served, current }) => {
    if (current.active === version) {
      process.stdout.write(`Version ${version} is served already.\n`);
      return true;
    }
    const reason = force ? undefined : await notReady(admin, own, signal);
    if (reason !== undefined) {
      process.stderr.write(`Not switched: ${reason}. --force switches all the same.\n`);
      return false;
    }
    const log = await openAuditLog(config);
    await served.write({ active: version, previous: current.active });
    await log.write('version-switched', { from: current.active, to: version, forced: String(force) });
    process.stdout.write(
      `Endpoints serve version ${version} in a second, or as soon as they have read its tables. Back: freshet versions switch ${current.active}\n`,
    );
    return true;
  });
}

async function notReady(admin: Admin, own: Config, signal: AbortSignal): Promise<string | undefined> {
  const { version } = own;
  if (!(await versionsThere(admin, own)).includes(version))
    return `there is no version ${version} (FRESHET_VERSION=${version} freshet topics create makes its topics)`;
  if ((await runningInstances(admin, own)) === 0) return `no instance of version ${version} runs`;
  const left = await catchUp(admin, own, { withinMs: CAUGHT_UP_WITHIN_MS, signal });
  if (left === 0) return undefined;
  return `version ${version} is not caught up: of what was in the log ${CAUGHT_UP_WITHIN_MS / 1_000} s ago it has yet to process ${left} records`;
}

async function inUse(admin: Admin, own: Config): Promise<string | undefined> {
  const instances = await runningInstances(admin, own);
  return instances === 0 ? undefined : `${instances} of its instances run; stop them first`;
}

/** Deletes what a version has of its own on the servers. Returns false, with the reason said, where it is in use. */
export function retireVersion(config: Config, version: string, signal: AbortSignal): Promise<boolean> {
  const own = versionConfig(config, version);
  return withServers(config, signal, async ({ admin, served, current }) => {
    const reason =
      current.active === version
        ? `version ${version} is served; switch to another one first`
        : await inUse(admin, own);
    if (reason !== undefined) {
      process.stderr.write(`Not retired: ${reason}.\n`);
      return false;
    }
    const log = await openAuditLog(config);
    if (current.previous === version) await served.write({ active: current.active });
    const lists = await dropRedisLists(redisOptions(own), signal);
    await deleteGroups(admin, own);
    const present = new Set(await admin.listTopics());
    const topics = ownTopics(own).filter((topic) => present.has(topic));
    // The changelog is what a version is known by: it goes last, so that a retirement that was cut short can be repeated.
    await admin.deleteTopics({ topics: topics.filter((topic) => !topic.endsWith('-changelog')) });
    await admin.deleteTopics({ topics: topics.filter((topic) => topic.endsWith('-changelog')) });
    await log.write('version-retired', { version, keys: lists, topics });
    process.stdout.write(
      `Retired version ${version}: ${lists} keys in Redis, its group and ${topics.length} topics are gone. Its state on the engines' machines is the folder ${ownName(own)} of their data folders: delete it there.\n`,
    );
    return true;
  });
}
