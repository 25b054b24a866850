// The reference workload's events, made by a module outside of this repository: the same seed always makes the same.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Click } from './reference/click.ts';

export interface WorkloadOptions {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  /** Event time of the first event, epoch ms. */
  readonly startAt: number;
}

/** What the module exports, as far as it is used. */
export interface Workload {
  readonly DEFAULTS: WorkloadOptions;
  clicks(options: Partial<WorkloadOptions>): Iterable<Click>;
  encodeClick(click: Click, schemaId: number): Buffer;
}

/** From the folder of `workload.mjs`. */
export async function loadWorkload(folder: string): Promise<Workload> {
  return (await import(pathToFileURL(join(folder, 'workload.mjs')).href)) as Workload;
}
