// `freshet evaluate`: how good the lists are on a data set, test-then-train or train-then-test, beside baselines.

import { systemClock } from '../../engine/api/index.ts';
import { evaluate, evaluationText, openSessions, type Protocol } from '../../tools/evaluate/index.ts';

export interface EvaluateOptions {
  readonly format: string;
  readonly train?: string;
  readonly test?: string;
  readonly protocol: Protocol;
  readonly spanDays: number;
  readonly holdout: number;
  readonly limit: number;
  readonly askEvery: number;
  readonly baselines: boolean;
  readonly json: boolean;
}

/** Lengths of list that figures are printed for. */
const KS = [5, 10, 20] as const;
const PROGRESS_MS = 500;

export async function evaluateData(options: EvaluateOptions, signal: AbortSignal): Promise<void> {
  const dataSet = await openSessions({ ...options, train: options.train!, test: options.test });
  const progress = progressLine();
  const result = await evaluate({
    dataSet,
    ks: KS,
    hasBaselines: options.baselines,
    lists: {},
    onProgress: ({ learned, asked }) => progress(`${learned} events learned, ${asked} questions`),
    signal,
  });
  process.stderr.write('\n');
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${evaluationText(result)}\n`);
}

function progressLine(): (text: string) => void {
  let shownMs = 0;
  return (text) => {
    const nowMs = systemClock.nowMs();
    if (nowMs - shownMs < PROGRESS_MS) return;
    shownMs = nowMs;
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
  };
}
