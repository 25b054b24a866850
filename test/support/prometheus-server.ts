// Debian's Prometheus in a process of its own, on loopback and in a folder that goes with the test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePort } from '../../deploy/local-stack/ports.ts';
import type { Owner } from './kafka-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const START_MS = 60_000;

export interface Series {
  readonly metric: { readonly [label: string]: string };
  /** Time in s, and the value as text. */
  readonly value: readonly [number, string];
}

export interface PrometheusOptions {
  /** Addresses of processes (host:port) by the name of their job. */
  readonly targets: { readonly [job: string]: readonly string[] };
  /** Text of a rule file. */
  readonly rules: string;
}

export class PrometheusServer {
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  /** Scrapes and evaluates every second. @throws with what it wrote when it does not come up */
  static async start(owner: Owner, { targets, rules }: PrometheusOptions): Promise<PrometheusServer> {
    const directory = temporaryDirectory();
    const port = await freePort();
    writeFileSync(join(directory, 'rules.yaml'), rules);
    const scrape_configs = Object.entries(targets).map(([job_name, addresses]) => ({
      job_name,
      static_configs: [{ targets: addresses }],
    }));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yaml'],
      scrape_configs,
    };
    writeFileSync(join(directory, 'prometheus.yaml'), stringify(config));
    const parameters = [
      `--config.file=${join(directory, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn('prometheus', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
    let logged = '';
    child.stderr.on('data', (text) => {
      logged += String(text);
    });
    const ended = once(child, 'exit');
    owner.after(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    const server = new PrometheusServer(`http://127.0.0.1:${port}`);
    const deadline = performance.now() + START_MS;
    for (;;) {
      const isReady = await fetch(`${server.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return server;
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`Prometheus did not start:\n${logged}`);
      await delay(100);
    }
  }

  async #ask(path: string): Promise<{ [name: string]: unknown }> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const { data, error } = (await response.json()) as { data?: { [name: string]: unknown }; error?: string };
    if (data === undefined) throw new Error(`${path}: ${error}`);
    return data;
  }

  /** @throws for an expression that cannot be parsed or evaluated */
  async query(expression: string): Promise<readonly Series[]> {
    const { result } = await this.#ask(`query?query=${encodeURIComponent(expression)}`);
    return result as readonly Series[];
  }

  /** Rules as they were loaded and last evaluated. */
  async rules(): Promise<readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]> {
    const { groups } = await this.#ask('rules');
    return (groups as { rules: { name: string; health: string; lastError?: string }[] }[]).flatMap(
      ({ rules }) => rules,
    );
  }

  /** Whether each target's last scrape succeeded. */
  async targets(): Promise<
    readonly { readonly scrapeUrl: string; readonly health: string; readonly lastError: string }[]
  > {
    const { activeTargets } = await this.#ask('targets?state=active');
    return activeTargets as { scrapeUrl: string; health: string; lastError: string }[];
  }
}
