// Versions of the application: an engine with other code or other settings, beside the one that is served, on the same source topics. What
// a version has of its own (group, internal topics, state folder, lists in Redis) begins with its own name; what the application
// has once (source topics, API keys and their counts, the word which version is served) begins with the application's.

import type { Config } from './config.ts';

/** The version of an installation that never had another: it has the application's own name. */
export const FIRST_VERSION = '1';

/** What a version may be called: its name can be told from the rest of a topic's. */
export const VERSION_NAME = /^[A-Za-z0-9]{1,20}$/;

type Named = Pick<Config, 'appId' | 'version'>;

/** Begins the names of everything that is the version's own. */
export const ownName = ({ appId, version }: Named): string =>
  version === FIRST_VERSION ? appId : `${appId}-v${version}`;

/** Physical name of the version's changelog: where there is one, there is a version. */
export const changelogName = (named: Named): string => `${ownName(named)}-changelog`;

/** The version whose changelog a topic is; `undefined` for any other topic. */
export function versionOfChangelog(appId: string, topic: string): string | undefined {
  if (topic === changelogName({ appId, version: FIRST_VERSION })) return FIRST_VERSION;
  if (!topic.startsWith(`${appId}-v`) || !topic.endsWith('-changelog')) return undefined;
  const version = topic.slice(`${appId}-v`.length, -'-changelog'.length);
  return VERSION_NAME.test(version) && version !== FIRST_VERSION ? version : undefined;
}
