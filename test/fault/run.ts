// The fault scenarios at length, on real servers: `node test/fault/run.ts --rounds N [--scenario kills|steps|zombie]`. A round of `kills`
// is a kill, one of `steps` a kill at each step of a commit, one of `zombie` a freeze. Prints a table and ends with 1 when a verdict is bad.

import { parseArgs } from 'node:util';
import { COMMIT_STEPS } from '../../engine/runtime/index.ts';
import { Random } from '../../tools/simulator/random.ts';
import { needsServers, type Owner } from '../support/kafka-server.ts';
import { ProductionRig, type Verdict } from '../support/production-rig.ts';
import { type ProductionStack, productionStack } from '../support/production-stack.ts';
import {
  emptyHistogram,
  freezeAndThaw,
  type Histogram,
  type Kill,
  killAgainAndAgain,
  killAtEachStep,
} from './scenarios.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    scenario: { type: 'string', multiple: true, default: ['kills', 'steps', 'zombie'] },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '500' },
  },
});
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) throw new RangeError('--rounds takes a whole number above 0');
if (needsServers().skip !== undefined) throw new Error(needsServers().skip);

/** A verdict costs a drain and a full refresh: it is asked for after so many rounds, and at the end. */
const ROUNDS_PER_VERDICT = 10;
const LEAST_PER_STEP = 3;

interface Scenario {
  /** Runs so many rounds after `done`, and adds its kills. */
  run(rig: ProductionRig, rounds: number, done: number, histogram: Histogram, random: () => number): Promise<void>;
}

const say = (text: string) => void process.stdout.write(`${text}\n`);
const startMs = performance.now();
const clock = () => `${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s`;

const tellKill = ({ instance, how, step, taskId, commitNumber, waiting, isEmpty }: Kill) =>
  say(
    `${clock()}  ${instance}  ${how.padEnd(12)}  ${step.padEnd(16)}  task ${taskId}  commit ${String(commitNumber).padStart(5)}  ${String(waiting).padStart(4)} lists wait${isEmpty ? '  folder emptied' : ''}`,
  );

const SCENARIOS: { readonly [name: string]: Scenario } = {
  kills: {
    async run(rig, count, done, histogram, random) {
      // The aimed kills are spread over all rounds, the others fall anywhere.
      const leastPerStep = Math.floor((LEAST_PER_STEP * (done + count)) / rounds);
      await killAgainAndAgain(rig, { kills: count, leastPerStep, histogram, random, told: tellKill });
    },
  },
  steps: {
    async run(rig, count, _done, histogram, random) {
      for (let i = 0; i < count; i++) {
        const more = await killAtEachStep(rig, { random, told: tellKill });
        for (const step of COMMIT_STEPS) histogram[step] += more[step];
      }
    },
  },
  zombie: {
    async run(rig, count, _done, _histogram, random) {
      for (let i = 0; i < count; i++) {
        const { instance, tasks, frozenMs, takenOver, voidCommits } = await freezeAndThaw(rig, random);
        say(
          `${clock()}  ${instance}  stood still for ${(frozenMs / 1000).toFixed(1)} s, tasks ${tasks.join(' ')}, ${takenOver} commits of others, ${voidCommits.length} of its own`,
        );
        if (voidCommits.length > 0) process.exitCode = 1;
      }
    },
  },
};

function judge(name: string, { faults, counts }: Verdict): boolean {
  say(`${clock()}  ${name}: ${faults.length === 0 ? 'no difference' : 'DIFFERENCES'}  ${JSON.stringify(counts)}`);
  for (const fault of faults) say(`    ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
  return faults.length === 0;
}

async function runScenario(stack: ProductionStack, owner: Owner, name: string): Promise<void> {
  const random = new Random(Number(values.seed), name, 0);
  const rig = await ProductionRig.open(owner, stack, {
    appId: `faults-${name}`,
    instances: 3,
    partitions: 6,
    eventsPerSecond: Number(values.rate),
    seed: Number(values.seed),
  });
  say(`${clock()}  ${name}: three instances run six tasks`);
  const sum = emptyHistogram();
  const perVerdict = name === 'kills' ? ROUNDS_PER_VERDICT : 1;
  for (let done = 0; done < rounds; done += perVerdict) {
    await SCENARIOS[name]!.run(rig, Math.min(perVerdict, rounds - done), done, sum, () => random.next());
    if (!judge(name, await rig.verdict())) break;
  }
  judge(`${name}, disks`, await rig.disks());
  if (name !== 'zombie')
    for (const [step, count] of Object.entries(sum)) say(`    killed after ${step.padEnd(16)} ${count}`);
  await rig.close();
}

const closes: (() => Promise<void>)[] = [];
const owner: Owner = { after: (close) => void closes.push(close) };
try {
  const stack = await productionStack(owner);
  say(`${clock()}  the servers are up`);
  for (const name of values.scenario) {
    if (SCENARIOS[name] === undefined)
      throw new RangeError(`no scenario ${name}: ${Object.keys(SCENARIOS).join(', ')}`);
    await runScenario(stack, owner, name);
  }
} finally {
  for (const close of closes.toReversed()) await close();
}
process.exit();
