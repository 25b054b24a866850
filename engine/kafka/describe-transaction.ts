// How the last transaction of a transactional id has ended: DescribeTransactions, version 0 (KIP-664), which kafkajs does not have.

import { type BrokerRequests, errorOfCode } from './broker-requests.ts';
import type { DirectCall } from './direct-request.ts';
import { compactLength, compactText, FlexibleReader, NO_TAGS } from './flexible.ts';

const API_KEY = 65;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** What became of a transaction, or becomes of it without anybody's help. */
export type Outcome = 'committed' | 'aborted';

export interface LastTransaction {
  readonly outcome: Outcome;
  /** Whether its coordinator still has to mark partitions. */
  readonly isMarking: boolean;
}

/** By the coordinator's name of the state; `Empty` is that of an id whose present owner has begun nothing yet. */
const LAST: { readonly [state: string]: LastTransaction | undefined } = {
  PrepareCommit: { outcome: 'committed', isMarking: true },
  CompleteCommit: { outcome: 'committed', isMarking: false },
  Ongoing: { outcome: 'aborted', isMarking: false },
  PrepareAbort: { outcome: 'aborted', isMarking: true },
  CompleteAbort: { outcome: 'aborted', isMarking: false },
  PrepareEpochFence: { outcome: 'aborted', isMarking: true },
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
export async function lastTransaction(
  requests: BrokerRequests,
  coordinator: number,
  transactionalId: string,
): Promise<LastTransaction | undefined> {
  const { errorCode, state } = await requests.sendOwn(coordinator, describeCall(transactionalId));
  if (errorCode === TRANSACTIONAL_ID_NOT_FOUND) return undefined;
  if (errorCode !== 0) throw errorOfCode(errorCode);
  return LAST[state];
}

function describeCall(transactionalId: string): DirectCall<Described> {
  const body = [NO_TAGS, compactLength(1), compactText(transactionalId), NO_TAGS];
  return { apiKey: API_KEY, apiVersion: 0, apiName: 'DescribeTransactions', body, decode };
}

/** Reads the one transaction that was asked for, up to its state. */
function decode(payload: Buffer): Described {
  const reader = new FlexibleReader(payload);
  const clientSideThrottleTime = reader.int32();
  const [described] = reader.array(() => {
    const errorCode = reader.int16();
    reader.text();
    return { errorCode, state: reader.text() };
  });
  return { clientSideThrottleTime, ...described! };
}
