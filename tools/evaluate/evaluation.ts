// Takes a data set through the engine and the baselines, question by question, and gathers the figures. Engine and baselines see the
// same steps in the same order, and every question is answered from what came before it.

import { setImmediate } from 'node:timers/promises';
import { ALGORITHMS } from '../../processors/top-n/algorithm-choice.ts';
import type { ListSettings } from '../../topology/index.ts';
import { type Baseline, type BaselineSession, createBaselines, ItemKnn } from './baselines/index.ts';
import { EvaluatedEngine, type ListCost, type StateBytes } from './evaluated-engine.ts';
import { ItemNumbers } from './item-numbers.ts';
import { HISTORY_BUCKETS, historyBucket, type ListFigures, ListSums, type RankFigures, RankSums } from './measures.ts';
import { PopularityPercentiles } from './popularity-percentiles.ts';
import type { AskStep, DataSet, LearnStep } from './steps.ts';
import type { UpdateCost } from './update-cost.ts';

/** Events that are learned at once where no question stands between them. */
const MOST_PENDING = 10_000;
/** Sessions that baselines can go on with; the one begun longest ago is forgotten first. */
const MOST_OPEN_SESSIONS = 100_000;
/** Between two pauses, in which progress is told and signals are heard, ms: all else here runs without giving way. */
const PAUSE_INTERVAL_MS = 200;
/** Questions and events that costs are measured on. */
const LAST_QUESTIONS = 2_000;
const LAST_EVENTS = 8_000;
/** What diversity and popularity are measured over. */
export const LIST_K = 20;

export interface EvaluationOptions {
  readonly dataSet: DataSet;
  /** Lengths of list, ascending. */
  readonly ks: readonly number[];
  readonly hasBaselines: boolean;
  readonly lists: Partial<ListSettings>;
  readonly onProgress: (progress: EvaluationProgress) => void;
  readonly signal: AbortSignal;
}

export interface EvaluationProgress {
  /** 0 to 1. */
  readonly doneShare: number;
  readonly learned: number;
  readonly asked: number;
}

/** Figures of one algorithm for one kind of question. */
export interface TaskFigures {
  readonly task: string;
  readonly algorithm: string;
  readonly isBaseline: boolean;
  readonly targets: number;
  readonly figures: readonly RankFigures[];
  /** By length of history; those that did not occur are left out. */
  readonly byHistory: readonly {
    readonly history: string;
    readonly targets: number;
    readonly figures: readonly RankFigures[];
  }[];
  readonly lists: ListFigures;
}

/** Outcome of an evaluation. */
export interface EvaluationResult {
  readonly dataSet: string;
  readonly protocol: string;
  readonly ks: readonly number[];
  readonly events: number;
  readonly refused: number;
  readonly questions: number;
  readonly items: number;
  readonly seconds: number;
  readonly tasks: readonly TaskFigures[];
  readonly state: StateBytes;
  readonly lists: ListCost;
  /** `undefined` where too few events were learned to tell. */
  readonly updates: UpdateCost | undefined;
}

/** Runs an evaluation from the first step to the last. @throws the signal's reason when it is aborted. */
export async function evaluate(options: EvaluationOptions): Promise<EvaluationResult> {
  const engine = await EvaluatedEngine.open(options.lists);
  try {
    return await new Run(options, engine).all();
  } finally {
    engine.close();
  }
}

class Run {
  readonly #options: EvaluationOptions;
  readonly #engine: EvaluatedEngine;
  readonly #numbers = new ItemNumbers();
  readonly #percentiles = new PopularityPercentiles();
  /** Knows how alike two items are; not there without baselines. */
  readonly #itemKnn: ItemKnn | undefined;
  readonly #baselines: readonly Baseline[];
  readonly #sessions = new Map<string, BaselineSession>();
  readonly #sums = new Map<string, Sums>();
  readonly #longest: number;
  readonly #lastQuestions = new Last<AskStep>(LAST_QUESTIONS);
  readonly #lastEvents = new Last<LearnStep>(LAST_EVENTS);
  #sessionCount = 0;
  #learned = 0;
  #asked = 0;

  constructor(options: EvaluationOptions, engine: EvaluatedEngine) {
    this.#options = options;
    this.#engine = engine;
    this.#longest = Math.max(LIST_K, ...options.ks);
    this.#baselines = options.hasBaselines ? createBaselines() : [];
    this.#itemKnn = this.#baselines.find((baseline) => baseline instanceof ItemKnn);
  }

  async all(): Promise<EvaluationResult> {
    const { dataSet, signal, onProgress, ks } = this.#options;
    const startedMs = performance.now();
    let pausedMs = startedMs;
    signal.throwIfAborted();
    for await (const steps of dataSet.steps()) {
      for (const step of steps) {
        if (step.kind === 'ask') await this.#ask(step);
        else await this.#learn(step);
        const nowMs = performance.now();
        if (nowMs - pausedMs < PAUSE_INTERVAL_MS) continue;
        pausedMs = nowMs;
        onProgress({ doneShare: dataSet.doneShare(), learned: this.#learned, asked: this.#asked });
        await setImmediate();
        signal.throwIfAborted();
      }
    }
    await this.#engine.settle();
    return {
      dataSet: dataSet.name,
      protocol: dataSet.protocol,
      ks,
      events: this.#learned,
      refused: this.#engine.refused,
      questions: this.#asked,
      items: this.#numbers.size,
      seconds: (performance.now() - startedMs) / 1_000,
      tasks: [...this.#sums.values()].map((sums) => sums.figures(this.#numbers.size)),
      state: this.#engine.stateBytes(),
      lists: this.#engine.listCost(this.#lastQuestions.values()),
      updates: this.#engine.updateCost(this.#lastEvents.values()),
    };
  }

  async #learn(step: LearnStep): Promise<void> {
    this.#learned++;
    this.#engine.learn(step);
    if (step.topic === 'clicks' || step.topic === 'purchases') this.#lastEvents.add(step);
    if (step.visit !== undefined) this.#teach(step.visit.session, step.visit.items);
    if (this.#engine.pendingCount >= MOST_PENDING) await this.#engine.flush();
  }

  #teach(name: string, items: readonly string[]): void {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { items: [], number: this.#sessionCount++ };
      this.#sessions.set(name, session);
      if (this.#sessions.size > MOST_OPEN_SESSIONS) this.#sessions.delete(this.#sessions.keys().next().value!);
    }
    for (const text of items) {
      const item = this.#numbers.of(text);
      for (const baseline of this.#baselines) baseline.learn(session, item);
      this.#percentiles.add(item);
      session.items.push(item);
    }
  }

  async #ask(step: AskStep): Promise<void> {
    this.#asked++;
    this.#lastQuestions.add(step);
    // The first question is asked when all that was only learned has come through.
    if (this.#asked === 1) await this.#engine.settle();
    else await this.#engine.flush();
    const targets = step.targets.map((target) => this.#numbers.of(target));
    for (const [i, answer] of this.#engine.answers(step, ALGORITHMS).entries()) {
      const items = answer?.listed.items.slice(0, this.#longest).map(({ id }) => this.#numbers.of(id)) ?? [];
      this.#count(step, ALGORITHMS[i]!, false, items, targets);
    }
    const query = step.query.map((item) => this.#numbers.of(item));
    for (const baseline of this.#baselines) {
      const items = baseline.best(query, this.#longest).map(({ item }) => item);
      this.#count(step, baseline.name, true, items, targets);
    }
  }

  #count(step: AskStep, algorithm: string, isBaseline: boolean, items: readonly number[], targets: readonly number[]) {
    const name = `${step.task}\0${algorithm}`;
    let sums = this.#sums.get(name);
    if (sums === undefined) {
      sums = new Sums(step.task, algorithm, isBaseline, this.#options.ks);
      this.#sums.set(name, sums);
    }
    for (const target of targets) sums.addRank(items.indexOf(target) + 1, step.history);
    sums.lists.add(
      items,
      (item) => this.#percentiles.of(item),
      this.#itemKnn && ((one, other) => this.#itemKnn!.cosine(one, other)),
    );
  }
}

/** The last so many of a sequence. */
class Last<T> {
  readonly #most: number;
  readonly #ring: T[] = [];
  #added = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(value: T): void {
    this.#ring[this.#added++ % this.#most] = value;
  }

  /** In the order of the sequence. */
  values(): T[] {
    const first = this.#added % this.#most;
    return this.#added <= this.#most ? this.#ring : [...this.#ring.slice(first), ...this.#ring.slice(0, first)];
  }
}

/** What is gathered of one algorithm for one kind of question. */
class Sums {
  readonly lists = new ListSums(LIST_K);
  readonly #task: string;
  readonly #algorithm: string;
  readonly #isBaseline: boolean;
  readonly #all: RankSums;
  readonly #byHistory: readonly RankSums[];

  constructor(task: string, algorithm: string, isBaseline: boolean, ks: readonly number[]) {
    this.#task = task;
    this.#algorithm = algorithm;
    this.#isBaseline = isBaseline;
    this.#all = new RankSums(ks);
    this.#byHistory = HISTORY_BUCKETS.map(() => new RankSums(ks));
  }

  addRank(rank: number, history: number): void {
    this.#all.add(rank);
    this.#byHistory[historyBucket(history)]!.add(rank);
  }

  figures(catalogSize: number): TaskFigures {
    return {
      task: this.#task,
      algorithm: this.#algorithm,
      isBaseline: this.#isBaseline,
      targets: this.#all.targets,
      figures: this.#all.figures(),
      byHistory: this.#byHistory.flatMap((sums, i) =>
        sums.targets === 0 ? [] : [{ history: HISTORY_BUCKETS[i]!, targets: sums.targets, figures: sums.figures() }],
      ),
      lists: this.lists.figures(catalogSize),
    };
  }
}
