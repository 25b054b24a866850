// `freshet evaluate`: how good the lists are on a data set, test-then-train or train-then-test, beside baselines.

import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../../engine/api/index.ts';
import { DEFAULT_TUNING, type ListTuning } from '../../schemas/list-tuning.ts';
import {
  type DataSet,
  type EvaluationProgress,
  evaluate,
  evaluationPage,
  evaluationText,
  openBaskets,
  openClicks,
  openEvents,
  openSessions,
  type Protocol,
} from '../../tools/evaluate/index.ts';

/** What the command line says. */
export interface EvaluateOptions {
  readonly format: EvaluationFormat;
  /** The file of all formats but `sessions`. */
  readonly file: string | undefined;
  readonly train?: string;
  readonly test?: string;
  readonly protocol: Protocol;
  /** Of sessions. */
  readonly spanDays?: number;
  /** `undefined`: as the format has it by default. */
  readonly holdout?: number;
  /** Of sessions or invoices. */
  readonly limit?: number;
  readonly askEvery: number;
  /** What differs from the defaults in how lists are made. */
  readonly tuning: Partial<ListTuning>;
  readonly baselines: boolean;
  readonly json: boolean;
  /** Where a page goes, if anywhere. */
  readonly report?: string;
}

export type EvaluationFormat = 'events' | 'sessions' | 'clicks' | 'online-retail';

/** Lengths of list that figures are printed for. */
const KS = [5, 10, 20] as const;
const REDRAW_MS = 200;
const PLAIN_LINE_MS = 5_000;
const BAR_WIDTH = 30;
/** Over which the clicks of sessions are spread where nobody says otherwise. */
const DEFAULT_SPAN_DAYS = 150;
/** Shares that are asked about where nobody says otherwise. */
const DEFAULT_HOLDOUT = { clicks: 0.1, events: 0.75, 'online-retail': 0.75 } as const;

/** What is known of a format's shop. */
const FORMAT_TUNING: { readonly [F in EvaluationFormat]: Partial<ListTuning> } = {
  events: {},
  sessions: {},
  clicks: {},
  // Gifts for resale are bought again and again.
  'online-retail': { boughtAgainWeight: 8 },
};

/** Why the options do not go together, which would do nothing, or why there can be no page; `undefined` when they are well. */
export function evaluateOptionsFault({
  format,
  file,
  train,
  test,
  spanDays,
  holdout,
  limit,
  protocol,
  report,
}: EvaluateOptions): string | undefined {
  const unwritable = report === undefined ? undefined : reportFault(report);
  if (unwritable !== undefined) return unwritable;
  if (format === 'sessions') {
    if (file !== undefined) return 'sessions come from --train and --test, not from a file argument';
    if (train === undefined) return 'sessions need --train';
    if (test === undefined && !holdout) return 'sessions need --test or --holdout';
    return test !== undefined && holdout ? '--test and --holdout both say what is asked about: give one' : undefined;
  }
  if (file === undefined) return `${format} needs a file`;
  if ([train, test, spanDays].some((option) => option !== undefined))
    return '--train, --test and --span-days are for --format sessions';
  if (format === 'events' && limit !== undefined) return '--limit counts sessions or invoices, which events have not';
  const isStream = format === 'events' || format === 'online-retail';
  return isStream && protocol === 'train-then-test' ? `${format} are evaluated test-then-train` : undefined;
}

/** Why a page cannot be written there, as far as that is known before hours of work. */
function reportFault(report: string): string | undefined {
  try {
    accessSync(existsSync(report) ? report : dirname(report), constants.W_OK);
    return undefined;
  } catch (error) {
    return `--report cannot be written: ${(error as Error).message}`;
  }
}

/** Runs an evaluation and prints it. */
export async function evaluateData(options: EvaluateOptions, signal: AbortSignal): Promise<void> {
  const dataSet = await open(options);
  const progress = progressLine();
  try {
    const result = await evaluate({
      dataSet,
      ks: KS,
      hasBaselines: options.baselines,
      lists: { tuning: { ...DEFAULT_TUNING, ...FORMAT_TUNING[options.format], ...options.tuning } },
      onProgress: progress.update,
      signal,
    });
    progress.end();
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${evaluationText(result)}\n`);
    // At once: where nobody reads the figures any more, the process ends in the next turn.
    if (options.report !== undefined) writeFileSync(options.report, evaluationPage(result));
  } finally {
    progress.end();
  }
}

function open(options: EvaluateOptions): Promise<DataSet> {
  const { format, protocol, limit = Number.POSITIVE_INFINITY, askEvery } = options;
  if (format === 'sessions') {
    const { train, test, spanDays = DEFAULT_SPAN_DAYS, holdout = 0 } = options;
    return openSessions({ train: train!, test, protocol, spanDays, holdout, limit, askEvery });
  }
  const input = { file: options.file!, holdout: options.holdout ?? DEFAULT_HOLDOUT[format], askEvery };
  if (format === 'clicks') return openClicks({ ...input, protocol, limit });
  return format === 'events' ? openEvents(input) : openBaskets({ ...input, limit });
}

/** A bar on a terminal, plain lines every few seconds elsewhere, on standard error. */
function progressLine() {
  const { stderr } = process;
  const everyMs = stderr.isTTY ? REDRAW_MS : PLAIN_LINE_MS;
  let shownMs = 0;
  let isDrawn = false;
  return {
    update({ doneShare, learned, asked }: EvaluationProgress) {
      const nowMs = systemClock.nowMs();
      if (nowMs - shownMs < everyMs) return;
      shownMs = nowMs;
      const filled = Math.round(doneShare * BAR_WIDTH);
      const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
      const counts = `${learned.toLocaleString('en-GB')} events learned, ${asked.toLocaleString('en-GB')} questions`;
      const line = `${bar} ${Math.floor(100 * doneShare)} %  ${counts}`;
      isDrawn = stderr.isTTY;
      stderr.write(isDrawn ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    end() {
      if (isDrawn) stderr.write('\n');
      isDrawn = false;
    },
  };
}
