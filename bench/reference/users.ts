// USERS, by user: a history of the last interactions. An interaction makes pairs with those before it, sent to the rows of both items
// with a weight that falls by rank; and the user's list anew, once a batch.

import type { KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../../engine/api/index.ts';
import { type Click, PURCHASE, weightOf } from './click.ts';
import { DeltaBatch } from './delta-batch.ts';
import { History } from './history.ts';
import type { ItemIds } from './item-ids.ts';
import { JsonList } from './json-list.ts';
import { HISTORY_WINDOW_MS, LIST_SOURCES, NEIGHBOURS, RECENCY } from './limits.ts';
import type { NeighbourTable } from './neighbours.ts';
import { Scores } from './scores.ts';
import type { Stats } from './stats.ts';

export interface UsersOptions {
  readonly ids: ItemIds;
  readonly stats: Stats;
  readonly neighbours: NeighbourTable;
  /** Names of the store and of the nodes to send to. */
  readonly histories: string;
  readonly pairs: string;
  readonly lists: string;
}

const USER_KEY = 'u:';

export class Users implements Processor<Click> {
  readonly #options: UsersOptions;
  readonly #scores: Scores;
  readonly #json: JsonList;
  #context!: ProcessorContext;
  #histories!: KeyValueStore<History>;
  #batches: readonly DeltaBatch[] = [];

  constructor(options: UsersOptions) {
    this.#options = options;
    this.#scores = new Scores();
    this.#json = new JsonList(options.ids);
  }

  init(context: ProcessorContext): void {
    const { ids, histories } = this.#options;
    this.#context = context;
    this.#histories = context.store(histories);
    this.#batches = Array.from({ length: context.partitions }, () => new DeltaBatch(ids));
  }

  process(records: readonly StreamRecord<Click>[]): void {
    const users = new Map<string, History>();
    // A batch that was given up may have left deltas behind.
    for (const batch of this.#batches) batch.clear();
    this.#histories.load(records.map(({ key }) => key!));
    for (const { key, value } of records) this.#interaction(this.#history(key!, users), value!);
    for (let partition = 0; partition < this.#batches.length; partition++) this.#send(partition);
    this.#publish(users);
  }

  /** The history, to be changed. */
  #history(user: string, users: Map<string, History>): History {
    let history = users.get(user);
    if (history !== undefined) return history;
    history = this.#histories.getForUpdate(user);
    if (history === undefined) {
      history = new History();
      this.#histories.put(user, history);
    }
    users.set(user, history);
    return history;
  }

  #interaction(history: History, click: Click): void {
    const { ids, stats } = this.#options;
    const item = ids.ofText(click.itemId);
    const weight = weightOf(click.kind);
    const oldest = click.at - HISTORY_WINDOW_MS;
    const partition = ids.partition(item);
    const { items, at } = history;
    let rank = 0;
    for (let i = 0; i < items.length; i++) {
      const other = items[i]!;
      if (at[i]! < oldest || other === item || history.isRepeated(i)) continue;
      rank += 1;
      this.#batches[ids.partition(other)]!.add(other, item, weight / rank);
      this.#batches[partition]!.add(item, other, weight / rank);
    }
    history.push(item, click.at, weight);
    stats.click(2 * rank);
    for (let p = 0; p < this.#batches.length; p++) if (this.#batches[p]!.isFull) this.#send(p);
  }

  #send(partition: number): void {
    const batch = this.#batches[partition]!;
    if (batch.count === 0) return;
    const value = batch.take();
    const { streamTimeMs } = this.#context;
    this.#context.forward({ key: undefined, value, timestampMs: streamTimeMs, partition }, this.#options.pairs);
  }

  #publish(users: ReadonlyMap<string, History>): void {
    const { lists, stats } = this.#options;
    const { streamTimeMs } = this.#context;
    for (const [user, history] of users)
      this.#context.forward({ key: USER_KEY + user, value: this.#list(history), timestampMs: streamTimeMs }, lists);
    stats.userLists += users.size;
  }

  #list(history: History): Uint8Array {
    const { ids, neighbours } = this.#options;
    const { items, weights } = history;
    const scores = this.#scores;
    scores.clear(ids.count);
    for (let i = 0; i < items.length; i++)
      if (weights[i] === PURCHASE && !history.isRepeated(i)) scores.exclude(items[i]!);
    let recency = 1;
    let used = 0;
    for (let i = 0; i < items.length && used < LIST_SOURCES; i++) {
      if (history.isRepeated(i)) continue;
      used += 1;
      const item = items[i]!;
      scores.addAll(neighbours.items, neighbours.scores, item * NEIGHBOURS, neighbours.count(item), recency);
      recency *= RECENCY;
    }
    this.#json.open(history.at[0]!);
    const top = scores.top();
    for (let rank = 0; rank < top.count; rank++) this.#json.entry(top.places[rank]!, top.score(rank));
    return this.#json.close();
  }

  republish(_sink: string, keys: readonly string[]): void {
    const users = keys.flatMap((key) => (key.startsWith(USER_KEY) ? [key.slice(USER_KEY.length)] : []));
    this.#histories.load(users);
    const histories = new Map<string, History>();
    for (const user of users) {
      const history = this.#histories.get(user);
      if (history !== undefined) histories.set(user, history);
    }
    this.#publish(histories);
  }
}
