// What a test needs beyond Node. Missing on a laptop, it is skipped with the reason; missing in CI, it fails.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Options that skip a test for this reason. */
export function missing(reason: string): { skip: string } {
  if (process.env.CI === 'true') throw new Error(`in CI nothing is skipped: ${reason}`);
  return { skip: reason };
}

/** Whether the shell would find it. */
export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/** Options for a test that runs a program of this machine. */
export function needsProgram(name: string, installation: string): { skip?: string } {
  return hasProgram(name) ? {} : missing(`${name} is missing: ${installation}`);
}

/** Debian's Chromium, for tests of the page. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Options for a test that drives a real browser. */
export function needsChromium(): { skip?: string } {
  return existsSync(CHROMIUM) ? {} : missing(`${CHROMIUM} is missing: apt-get install chromium, or set CHROMIUM`);
}

/** Real data beside the checkout. */
export const SHARED_DATA = join(import.meta.dirname, '..', '..', '..', 'shared', 'data');

/** Options for a test that reads a file of the shared data. */
export function needsData(file: string): { skip?: string } {
  return existsSync(join(SHARED_DATA, file)) ? {} : missing(`${join(SHARED_DATA, file)} is missing`);
}
