// What is done to the instances of an application under load. Each scenario leaves it running; what became of state and lists is the
// rig's to judge.

import { setTimeout as sleep } from 'node:timers/promises';
import { COMMIT_STEPS, type CommitStep } from '../../engine/runtime/index.ts';
import type { EngineInstance, StepReport } from '../support/production-instance.ts';
import type { ProductionRig } from '../support/production-rig.ts';
import { poll } from '../support/redis-topologies.ts';

/** Clicks that are processed between two kills at least. */
export const CLICKS_BETWEEN_KILLS = 1_000;
/** One kill in so many is followed by a start on an empty folder. */
const EMPTY_EVERY = 3;
const PATIENCE_MS = 120_000;

/** How many kills fell after each step and before the next. */
export type Histogram = { [step in CommitStep]: number };

export const emptyHistogram = (): Histogram => ({
  processed: 0,
  'log committed': 0,
  'database written': 0,
  published: 0,
  released: 0,
});

/** One kill, as a line of a table. */
export interface Kill {
  readonly instance: string;
  readonly how: 'from outside' | 'at the step';
  readonly step: CommitStep;
  readonly taskId: number;
  readonly commitNumber: number;
  /** Lists that waited to be published. */
  readonly waiting: number;
  /** Whether its state was lost too. */
  readonly isEmpty: boolean;
}

export interface KillOptions {
  readonly kills: number;
  /** Least number of kills for each step in the end; as many as are missing are aimed. */
  readonly leastPerStep: number;
  /** Kills that have been, to be added to. @defaultValue none */
  readonly histogram?: Histogram;
  readonly clicksBetween?: number;
  readonly random: () => number;
  readonly told?: (kill: Kill) => void;
}

/** R1: kills at random moments while lists are being published, each followed by a start on the old folder or an empty one. */
export async function killAgainAndAgain(rig: ProductionRig, options: KillOptions): Promise<Histogram> {
  const { kills, leastPerStep, clicksBetween = CLICKS_BETWEEN_KILLS, random, told } = options;
  const { histogram = emptyHistogram() } = options;
  rig.resume();
  for (let i = 0; i < kills; i++) {
    await rig.progressed(clicksBetween);
    const missing = COMMIT_STEPS.map((step) => Math.max(0, leastPerStep - histogram[step]));
    const isAimed = missing.reduce((sum, count) => sum + count, 0) >= kills - i;
    const least = COMMIT_STEPS.toSorted((a, b) => histogram[a] - histogram[b])[0]!;
    const victim = await busyInstance(rig, random);
    const kill = isAimed
      ? await killAt(victim, least, 1 + Math.floor(10 * random()), true)
      : await killWhilePublishing(victim, random);
    histogram[kill.step] += 1;
    await nothingAhead(rig, kill);
    const isEmpty = i % EMPTY_EVERY === EMPTY_EVERY - 1;
    victim.start({ isEmpty });
    told?.({ ...kill, isEmpty });
  }
  return histogram;
}

/** R8: a kill at each step of a commit, exactly. */
export async function killAtEachStep(
  rig: ProductionRig,
  options: Pick<KillOptions, 'random' | 'told' | 'clicksBetween'>,
): Promise<Histogram> {
  const { random, told, clicksBetween = CLICKS_BETWEEN_KILLS } = options;
  const histogram = emptyHistogram();
  rig.resume();
  for (const step of COMMIT_STEPS) {
    await rig.progressed(clicksBetween);
    const victim = await busyInstance(rig, random);
    const kill = await killAt(victim, step, 1 + Math.floor(5 * random()), false);
    histogram[kill.step] += 1;
    await nothingAhead(rig, kill);
    victim.start();
    told?.(kill);
  }
  return histogram;
}

/** What became of an instance that stood still for longer than its session. */
export interface Freeze {
  readonly instance: string;
  readonly tasks: readonly number[];
  readonly frozenMs: number;
  /** Commits that the others made of its tasks in the meantime. */
  readonly takenOver: number;
  /** Commits that it thought to have made after it was woken, under numbers that the others had used for them. */
  readonly voidCommits: readonly StepReport[];
}

/**
 * R3: an instance stands still while its tasks go on elsewhere, and is woken. It stops where it hurts most: lists of it are on their way,
 * and a batch is processed and about to be committed, which is the first thing that it tries afterwards.
 */
export async function freezeAndThaw(rig: ProductionRig, random: () => number): Promise<Freeze> {
  rig.resume();
  const zombie = await busyInstance(rig, random);
  await zombie.freezeAt(
    { step: 'processed', count: 1 + Math.floor(10 * random()), whilePublishing: true },
    PATIENCE_MS,
  );
  const frozenMs = performance.now();
  const tasks = zombie.runningTasks.map(({ taskId }) => taskId);
  /** Commit numbers of the others, by task. */
  const used = new Map<number, Set<number>>(tasks.map((taskId) => [taskId, new Set()]));
  let takenOver = 0;
  for (const other of rig.instances)
    if (other !== zombie)
      other.onStep = ({ step, taskId, commitNumber }) => {
        if (step !== 'database written' || !used.has(taskId)) return;
        takenOver += 1;
        used.get(taskId)!.add(commitNumber);
      };
  await poll('its tasks to go on elsewhere', async () => [...used.values()].every(({ size }) => size > 0), PATIENCE_MS);
  await rig.progressed(CLICKS_BETWEEN_KILLS / 2);
  const voidCommits: StepReport[] = [];
  // A commit that went through before the freeze, and whose answer it finds now, has a number that nobody else has used.
  zombie.onStep = (report) => {
    if (report.step === 'log committed' && used.get(report.taskId)?.has(report.commitNumber)) voidCommits.push(report);
  };
  const thawedMs = performance.now();
  zombie.thaw();
  await rig.progressed(CLICKS_BETWEEN_KILLS / 2);
  await rig.allTasksRun();
  for (const instance of rig.instances) instance.onStep = undefined;
  return { instance: zombie.name, tasks, frozenMs: thawedMs - frozenMs, takenOver, voidCommits };
}

/** Before anybody has taken over: what the dead instance has published it had committed. */
async function nothingAhead(rig: ProductionRig, { instance, step }: Kill): Promise<void> {
  const [first, ...others] = await rig.publishedAhead();
  if (first !== undefined)
    throw new Error(`killed after "${step}", ${instance} left behind: ${first} (and ${others.length} more)`);
}

/** An instance with tasks, at random. */
async function busyInstance(rig: ProductionRig, random: () => number): Promise<EngineInstance> {
  const busy = () => rig.instances.filter(({ isRunning, runningTasks }) => isRunning && runningTasks.length > 0);
  await poll('an instance to have tasks', async () => busy().length > 0, PATIENCE_MS);
  const candidates = busy();
  return candidates[Math.floor(random() * candidates.length)]!;
}

/** Resolves when the instance has said that lists of it wait to be published. */
async function publishing(instance: EngineInstance): Promise<void> {
  const heard = Promise.withResolvers<void>();
  instance.onStep = ({ waiting }) => {
    if (waiting > 0) heard.resolve();
  };
  const timer = setTimeout(() => heard.reject(new Error(`${instance.name} publishes nothing`)), PATIENCE_MS);
  await heard.promise;
  clearTimeout(timer);
  instance.onStep = undefined;
}

async function killWhilePublishing(victim: EngineInstance, random: () => number): Promise<Kill> {
  await sleep(500 * random());
  await publishing(victim);
  await sleep(20 * random());
  await victim.kill();
  return killOf(victim, 'from outside');
}

async function killAt(
  victim: EngineInstance,
  step: CommitStep,
  count: number,
  whilePublishing: boolean,
): Promise<Kill> {
  await victim.killAt({ step, count, whilePublishing }, PATIENCE_MS);
  return killOf(victim, 'at the step');
}

function killOf({ name, lastStep }: EngineInstance, how: Kill['how']): Kill {
  if (lastStep === undefined) throw new Error(`${name} had not told of any step`);
  const { step, taskId, commitNumber, waiting } = lastStep;
  return { instance: name, how, step, taskId, commitNumber, waiting, isEmpty: false };
}
