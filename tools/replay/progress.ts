// What a person sees of a replay: one line that is redrawn on a terminal, plain lines every few seconds elsewhere, and the summary at
// the end. Texts only; where they go is the caller's.
import type { Clock } from '../../engine/api/index.ts';
import type { ReplayReader } from './reader.ts';
import type { ReplayReport, ReplayResult } from './replay.ts';

/** Where the lines go. */
export interface ProgressOutput {
  /** Takes text as it is; line breaks are part of it. */
  readonly write: (text: string) => void;
  /** A terminal, where the line can be redrawn. */
  readonly isTty: boolean;
  readonly clock: Clock;
}

/** Shows how a replay goes. */
export interface ProgressView {
  /** May be called as often as wanted; draws at most so often as is useful. */
  update(report: ReplayReport): void;
  /** Ends the line that is redrawn, so that what comes next stands on its own. */
  end(): void;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
const BAR_WIDTH = 30;

/** A progress bar on a terminal, plain lines otherwise. */
export function createProgressView(output: ProgressOutput): ProgressView {
  const { write, isTty, clock } = output;
  const everyMs = isTty ? REDRAW_MS : PLAIN_LINE_MS;
  let shownMs = -Infinity;
  let shownPhase: ReplayReport['phase'] | undefined;
  let isDrawn = false;
  /** Where the running phase began: rates and the rest of the time are those of the work, not of what was skipped. */
  let start: { readonly ms: number; readonly bytes: number; readonly events: number } | undefined;

  return {
    update(report) {
      const nowMs = clock.nowMs();
      if (report.phase === 'running') start ??= { ms: nowMs, bytes: report.bytesRead, events: report.events };
      if (nowMs - shownMs < everyMs && report.phase === shownPhase) return;
      shownMs = nowMs;
      shownPhase = report.phase;
      const line = describe(report, start, nowMs, isTty);
      write(isTty ? `\r\u001b[2K${line}` : `${line}\n`);
      isDrawn = isTty;
    },
    end() {
      if (isDrawn) write('\n');
      isDrawn = false;
    },
  };
}

function describe(
  report: ReplayReport,
  start: { readonly ms: number; readonly bytes: number; readonly events: number } | undefined,
  nowMs: number,
  withBar: boolean,
): string {
  const { phase, bytesRead, totalBytes, events } = report;
  const share = totalBytes === 0 ? 1 : Math.min(1, bytesRead / totalBytes);
  const percent = `${Math.floor(share * 100)} %`;
  const filled = Math.round(share * BAR_WIDTH);
  const head = withBar ? `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${percent.padStart(5)}` : percent;
  if (phase === 'skipping') return `${head}  reading past what is already done`;
  if (phase === 'finishing') return `${head}  finishing`;
  const seconds = start === undefined ? 0 : (nowMs - start.ms) / 1_000;
  if (start === undefined || seconds < 0.2) return `${head}  ${grouped(events)} events`;
  const rate = (events - start.events) / seconds;
  const done = bytesRead - start.bytes;
  const left = done > 0 ? ((totalBytes - bytesRead) * seconds) / done : undefined;
  const rest = left === undefined ? '' : `, ${duration(left)} left`;
  return `${head}  ${grouped(events)} events, ${grouped(Math.round(rate))} events/s${rest}`;
}

/** The table that is printed when a replay has ended, in any way; without a line break at its end. */
export function replaySummary(result: ReplayResult, reader: ReplayReader): string {
  const { outcome, progress, resumedAtStep, events, elapsedMs } = result;
  if (outcome === 'already-done') {
    return `${reader.fileName} has been replayed already; nothing to do.\n${table(fromLog(result))}`;
  }
  const seconds = elapsedMs / 1_000;
  const rows: Row[] = [];
  // The reader counts what it has read, which after an interruption is a little more than what was fed.
  if (outcome === 'finished') rows.push(...reader.counts().map(({ label, count }) => [label, grouped(count)] as const));
  rows.push(...fromLog(result));
  rows.push(['seconds', seconds.toFixed(1)]);
  if (seconds > 0) {
    rows.push([`${reader.unit}/s`, grouped(Math.round(reader.unitsRead / seconds))]);
    rows.push(['events/s', grouped(Math.round(events / seconds))]);
  }
  const resumed = resumedAtStep > 0 ? ' (continued where an earlier run had stopped)' : '';
  const head =
    outcome === 'finished'
      ? `${reader.fileName} replayed${resumed}.`
      : `Stopped after ${grouped(progress.steps)} steps of ${reader.fileName}. The same command goes on from there.`;
  return `${head}\n${table(rows)}`;
}

type Row = readonly [label: string, value: string];

function fromLog({ progress }: ReplayResult): Row[] {
  const { events, refused, notes } = progress.counts;
  return [...section('events of ', events), ...section('refused: ', refused), ...section('counted: ', notes)];
}

function section(prefix: string, counts: { readonly [name: string]: number }): Row[] {
  return Object.keys(counts)
    .sort()
    .map((name) => [prefix + name, grouped(counts[name]!)] as const);
}

function table(rows: readonly Row[]): string {
  const labelWidth = Math.max(...rows.map(([label]) => label.length), 0);
  const valueWidth = Math.max(...rows.map(([, value]) => value.length), 0);
  return rows.map(([label, value]) => `  ${label.padEnd(labelWidth)}  ${value.padStart(valueWidth)}`).join('\n');
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB');
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.ceil(seconds % 60)} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`;
}
