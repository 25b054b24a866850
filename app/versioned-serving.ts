// The endpoint over several versions' lists: one serving app for each, of which one answers. A switch prepares the other first and then changes
// which one is asked, so that no request waits for it or fails. The version before stays ready, however large its tables are: switching
// back takes no reading.
//
//   none ──► OPENING ──► READY ──► SERVING ◄──► READY (the previous one) ──► closed (neither)

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, Metrics } from '../engine/api/index.ts';
import type { ServedVersions } from '../lists/index.ts';
import type { ServingApp } from '../serving/index.ts';

/** From one look whether a version is ready to the next, ms. */
const READY_LOOK_MS = 100;
/** Requests that a version had begun with are answered long before that, ms. */
const LAST_ANSWERS_MS = 5_000;

/** The serving app of a version, and what belongs to it. */
export interface ServedVersion {
  readonly app: ServingApp;
  close(): Promise<void>;
}

export interface VersionedServingOptions {
  /** Makes a version's app, not open yet. Its gauges go to `metrics`. */
  readonly create: (version: string, metrics: Metrics) => Promise<ServedVersion>;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

interface Held extends ServedVersion {
  readonly version: string;
  /** Each puts a gauge of this version where the process tells it: all versions' have the same names. */
  readonly gauges: readonly (() => void)[];
}

export class VersionedServing {
  readonly #options: VersionedServingOptions;
  readonly #held = new Map<string, Held>();
  readonly #closing = new AbortController();
  #serving: Held | undefined;
  #wanted: ServedVersions;
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: VersionedServingOptions, wanted: ServedVersions) {
    this.#options = options;
    this.#wanted = wanted;
  }

  /** Opens the active version, whether its lists are to be had or not. */
  static async open(options: VersionedServingOptions, versions: ServedVersions): Promise<VersionedServing> {
    const serving = new VersionedServing(options, versions);
    serving.#serve(await serving.#open(versions.active));
    return serving;
  }

  readonly handler = (request: IncomingMessage, response: ServerResponse): void =>
    this.#serving!.app.handler(request, response);

  /** The version that answers. */
  get version(): string {
    return this.#serving!.version;
  }

  /** Has these versions served and kept ready, in the background. A later word takes the place of one that is being followed. */
  take(versions: ServedVersions): void {
    this.#wanted = versions;
    this.#changing = this.#changing.then(() => this.#follow(versions));
  }

  /** Ends live streams, for good. */
  drain(): void {
    for (const { app } of this.#held.values()) app.drain();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#changing;
    for (const held of this.#held.values()) await held.close();
    this.#held.clear();
  }

  async #follow(versions: ServedVersions): Promise<void> {
    const isDue = (): boolean => this.#wanted === versions && !this.#closing.signal.aborted;
    const { logger } = this.#options;
    try {
      if (isDue() && versions.active !== this.#serving!.version) await this.#switchTo(versions.active, isDue);
      if (isDue() && versions.previous !== undefined) await this.#open(versions.previous);
      if (isDue()) await this.#closeOthers(versions);
    } catch (error) {
      logger.error('version-not-served', { version: versions.active, error: (error as Error).message });
    }
  }

  async #switchTo(version: string, isDue: () => boolean): Promise<void> {
    const next = await this.#open(version);
    if (!next.app.readiness().isReady) this.#options.logger.warn('version-not-ready', { version });
    while (isDue() && !next.app.readiness().isReady) await delay(READY_LOOK_MS);
    if (!isDue()) return;
    const before = this.#serving!;
    this.#serve(next);
    before.app.endStreams();
    this.#options.logger.info('version-switched', { from: before.version, to: version });
  }

  #serve(held: Held): void {
    this.#serving = held;
    for (const show of held.gauges) show();
  }

  async #open(version: string): Promise<Held> {
    const known = this.#held.get(version);
    if (known !== undefined) return known;
    const { create, metrics } = this.#options;
    const gauges: (() => void)[] = [];
    const served = await create(version, {
      counter: (name, attributes) => metrics.counter(name, attributes),
      histogram: (name, attributes) => metrics.histogram(name, attributes),
      gauge(name, read, attributes) {
        let end = (): void => {};
        gauges.push(() => {
          end = metrics.gauge(name, read, attributes);
        });
        return () => end();
      },
    });
    const held: Held = { ...served, version, gauges };
    this.#held.set(version, held);
    await served.app.open();
    return held;
  }

  async #closeOthers({ active, previous }: ServedVersions): Promise<void> {
    for (const held of [...this.#held.values()]) {
      if (held.version === active || held.version === previous || held === this.#serving) continue;
      this.#held.delete(held.version);
      await delay(LAST_ANSWERS_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      await held.close();
    }
  }
}
