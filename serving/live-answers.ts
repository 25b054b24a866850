// Server-sent events: a visitor's answer, and again whenever it changes. The list store tells which lists of streaming visitors were
// written; what else an answer depends on (segments, blocks, campaigns, the clock) is looked at with every heartbeat. Streams that are
// due together are answered in one round trip.
//
// Invariants: one watch however many streams; a reader that does not read is dropped, not buffered for; after `drain` none begins; nothing is
// written to a stream before its headers, so that it is one for browsers.
import type { Request, Response } from 'express';
import type { Logger } from '../engine/api/index.ts';
import type { ListStore } from '../lists/index.ts';
import type { CountAnswer } from './answer-metrics.ts';
import { entityOf } from './entity.ts';
import type { Question } from './plan.ts';
import { ProblemError } from './problem.ts';
import type { Recommender } from './recommender.ts';
import type { ShownAnswer } from './shown-item.ts';

/** Streams of one process. A stream takes a socket and about 20 kB. */
export const MAX_STREAMS = 1_000;
const HEARTBEAT_MS = 15_000;
/** Lists that are written in one commit arrive within this. */
const SETTLE_MS = 20;
/** Browsers wait this long before they connect again. */
const RETRY_MS = 2_000;
/** A few answers. */
const MAX_BUFFERED_BYTES = 262_144;
/** Streams that are answered together. */
const GROUP = 50;

const VISITOR_LISTS = 'list:visitor:';

interface Stream {
  readonly response: Response;
  readonly question: Question;
  readonly keys: readonly string[];
  /** Entity tag of what was sent last. */
  sent: string;
  /** Its headers have been sent. Until then it is counted and watched for, and nobody but {@link LiveAnswers.begin} writes to it. */
  hasBegun: boolean;
}

export interface LiveAnswersOptions {
  readonly lists: Pick<ListStore, 'watch'>;
  readonly recommender: Recommender;
  readonly logger: Logger;
  /** Hears of each answer that is sent. */
  readonly count: CountAnswer;
}

/** All streams of the process. */
export class LiveAnswers {
  readonly #options: LiveAnswersOptions;
  readonly #streams = new Set<Stream>();
  readonly #byKey = new Map<string, Set<Stream>>();
  readonly #watched = new Set<string>();
  readonly #due = new Set<Stream>();
  #unwatch: (() => void) | undefined;
  #opening: Promise<void> | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(options: LiveAnswersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#streams.size;
  }

  /**
   * Turns a request into a stream and sends the first answer, unless the caller (by `Last-Event-ID`) has it.
   * @throws {ProblemError} `too-many`, and what the recommender throws; then nothing has been sent.
   */
  async begin(request: Request, response: Response, question: Question): Promise<void> {
    if (this.#isDraining || this.#streams.size >= MAX_STREAMS) {
      response.set('retry-after', '5');
      throw new ProblemError('too-many', `At most ${MAX_STREAMS} streams are served at a time. Try later.`);
    }
    const { recommender } = this.#options;
    const keys = recommender.keysOf(question).filter((key) => key.startsWith(VISITOR_LISTS));
    const stream: Stream = { response, question, keys, sent: request.get('last-event-id') ?? '', hasBegun: false };
    this.#add(stream);
    request.once('close', () => this.#remove(stream));
    const isWatched = this.#unwatch !== undefined;
    try {
      const { answers } = await recommender.ask([question]);
      response.set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      response.flushHeaders();
      response.write(`retry: ${RETRY_MS}\n\n`);
      // Ended while the answer was read.
      if (!this.#streams.has(stream)) return void response.end();
      stream.hasBegun = true;
      this.#send(stream, answers[0]!);
    } catch (error) {
      this.#remove(stream);
      throw error;
    }
    if (isWatched) return this.#settleSoon();
    // The shopper does not wait for the watch, which a store that is away holds up. What changed before it began is asked for once more.
    await this.#watching();
    await this.#answer([stream]);
  }

  /** Ends every stream, and lets none begin. Idempotent. */
  drain(): void {
    this.#isDraining = true;
    this.endAll();
  }

  /** Ends every stream: browsers connect again, to whoever serves then. */
  endAll(): void {
    for (const stream of [...this.#streams]) {
      this.#remove(stream);
      if (stream.hasBegun) stream.response.end();
    }
  }

  #add(stream: Stream): void {
    this.#streams.add(stream);
    for (const key of stream.keys) {
      const streams = this.#byKey.get(key);
      if (streams === undefined) this.#byKey.set(key, new Set([stream]));
      else streams.add(stream);
      this.#watched.add(key);
    }
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  #remove(stream: Stream): void {
    if (!this.#streams.delete(stream)) return;
    this.#due.delete(stream);
    for (const key of stream.keys) {
      const streams = this.#byKey.get(key);
      streams?.delete(stream);
      if (streams?.size !== 0) continue;
      this.#byKey.delete(key);
      this.#watched.delete(key);
    }
    if (this.#streams.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** A store that is away is tried again with every heartbeat, which sends meanwhile what has changed. */
  async #watching(): Promise<void> {
    if (this.#unwatch !== undefined) return;
    this.#opening ??= this.#open();
    await this.#opening;
  }

  async #open(): Promise<void> {
    try {
      const unwatch = await this.#options.lists.watch(
        VISITOR_LISTS,
        (changes) => this.#changed(changes.map(({ key }) => key)),
        this.#watched,
      );
      if (this.#streams.size > 0) this.#unwatch = unwatch;
      else unwatch();
    } catch (error) {
      this.#options.logger.warn('stream-watch-failed', { error: (error as Error).message });
    } finally {
      this.#opening = undefined;
    }
  }

  #changed(keys: readonly string[]): void {
    for (const key of keys) for (const stream of this.#byKey.get(key) ?? []) this.#due.add(stream);
    this.#settleSoon();
  }

  #settleSoon(): void {
    if (this.#due.size > 0) this.#settling ??= setTimeout(() => this.#settled(), SETTLE_MS);
  }

  /** Streams that have not begun stay due until they have. */
  #settled(): void {
    this.#settling = undefined;
    const due = [...this.#due].filter(({ hasBegun }) => hasBegun);
    for (const stream of due) this.#due.delete(stream);
    void this.#answer(due);
  }

  #beat(): void {
    void this.#watching();
    const begun = [...this.#streams].filter(({ hasBegun }) => hasBegun);
    for (const { response } of begun) response.write(': \n\n');
    void this.#answer(begun);
  }

  async #answer(streams: readonly Stream[]): Promise<void> {
    for (let start = 0; start < streams.length; start += GROUP) {
      const group = streams.slice(start, start + GROUP).filter((stream) => this.#streams.has(stream));
      try {
        const { answers } = await this.#options.recommender.ask(group.map(({ question }) => question));
        group.forEach((stream, i) => {
          if (this.#streams.has(stream)) this.#send(stream, answers[i]!);
        });
      } catch (error) {
        if (error instanceof ProblemError) this.#endRefused(group);
        else this.#options.logger.error('stream-failed', { error: error instanceof Error ? error.name : typeof error });
      }
    }
  }

  /** Ends streams whose placement was taken away: who connects again is told so. The others are due at the next heartbeat. */
  #endRefused(streams: readonly Stream[]): void {
    for (const stream of streams) {
      try {
        this.#options.recommender.keysOf(stream.question);
      } catch {
        this.#remove(stream);
        stream.response.end();
      }
    }
  }

  #send(stream: Stream, answer: ShownAnswer): void {
    const { response } = stream;
    const { tag, text } = entityOf(answer);
    if (response.writableLength > MAX_BUFFERED_BYTES) {
      this.#remove(stream);
      response.destroy();
    } else if (tag !== stream.sent) {
      stream.sent = tag;
      this.#options.count(answer);
      response.write(`id: ${tag}\ndata: ${text}\n\n`);
    }
  }
}
