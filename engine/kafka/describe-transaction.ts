// How the last transaction of a transactional id has ended: DescribeTransactions, version 0 (KIP-664), which kafkajs does not have.
// A flexible version (KIP-482): lengths are unsigned varints plus one, and each structure ends with tagged fields, none of which
// are needed here.

import { type BrokerRequests, errorOfCode } from './broker-requests.ts';
import type { DirectCall } from './direct-request.ts';

const API_KEY = 65;
const NO_TAGS = 0;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** What became of a transaction, or becomes of it without anybody's help. */
export type Outcome = 'committed' | 'aborted';

/** By the coordinator's name of the state; `Empty` is that of an id whose present owner has begun nothing yet. */
const OUTCOMES: { readonly [state: string]: Outcome | undefined } = {
  PrepareCommit: 'committed',
  CompleteCommit: 'committed',
  Ongoing: 'aborted',
  PrepareAbort: 'aborted',
  CompleteAbort: 'aborted',
  PrepareEpochFence: 'aborted',
};

interface Described {
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly state: string;
}

/**
 * Asks the coordinator how the last transaction ended, or would if its owner were fenced now. `undefined` where nothing is known: the
 * id is new, or has been claimed since. Not repeated. @throws kafkajs's error of the answer or of the connection.
 */
export async function lastOutcome(
  requests: BrokerRequests,
  coordinator: number,
  transactionalId: string,
): Promise<Outcome | undefined> {
  const { errorCode, state } = await requests.sendOwn(coordinator, describeCall(transactionalId));
  if (errorCode === TRANSACTIONAL_ID_NOT_FOUND) return undefined;
  if (errorCode !== 0) throw errorOfCode(errorCode);
  return OUTCOMES[state];
}

function describeCall(transactionalId: string): DirectCall<Described> {
  const id = Buffer.from(transactionalId);
  // The first tags belong to the request's header.
  const body = [Buffer.of(NO_TAGS), varint(1 + 1), varint(id.length + 1), id, Buffer.of(NO_TAGS)];
  return { apiKey: API_KEY, apiVersion: 0, apiName: 'DescribeTransactions', body, decode };
}

/** Reads the one transaction that was asked for, up to its state. */
function decode(payload: Buffer): Described {
  // After the tags of the header: throttle time, the number of transactions, an error code, the id, the state.
  const clientSideThrottleTime = payload.readInt32BE(1);
  const errorCode = payload.readInt16BE(6);
  const id = compactText(payload, 8);
  return { clientSideThrottleTime, errorCode, state: compactText(payload, id.end).text };
}

function compactText(payload: Buffer, at: number): { readonly text: string; readonly end: number } {
  let length = 0;
  let from = at;
  for (let shift = 0; ; shift += 7) {
    const byte = payload[from++]!;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const end = from + Math.max(0, length - 1);
  return { text: payload.toString('utf8', from, end), end };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
