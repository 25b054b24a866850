// The last transaction of a transactional id, and how it has ended: DescribeTransactions, version 0 (KIP-664), which kafkajs does not have.

import { type BrokerRequests, errorOfCode } from './broker-requests.ts';
import type { DirectCall } from './direct-request.ts';
import { compactLength, compactText, FlexibleReader, NO_TAGS } from './flexible.ts';

const API_KEY = 65;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** How a transaction has ended, or is being ended. */
export type Outcome = 'committed' | 'aborted';

/** What a claim is given: the broker refuses an earlier epoch. */
export interface ProducerIdentity {
  readonly producerId: string;
  readonly producerEpoch: number;
}

export interface LastTransaction {
  readonly producer: ProducerIdentity;
  /** `undefined` while it goes on: it may become either. */
  readonly outcome: Outcome | undefined;
  /** Whether its coordinator still has to mark partitions. */
  readonly isMarking: boolean;
}

/** By the coordinator's name of the state; `Empty` is that of an id whose present owner has begun nothing yet. */
const STATES: { readonly [state: string]: Omit<LastTransaction, 'producer'> | undefined } = {
  Ongoing: { outcome: undefined, isMarking: false },
  PrepareCommit: { outcome: 'committed', isMarking: true },
  CompleteCommit: { outcome: 'committed', isMarking: false },
  PrepareAbort: { outcome: 'aborted', isMarking: true },
  CompleteAbort: { outcome: 'aborted', isMarking: false },
};

interface Described {
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly state: string;
  readonly producer: ProducerIdentity;
}

/**
 * Asks the coordinator for the last transaction. `undefined` where nothing is known: the id is new, or has been claimed since. Not repeated.
 * @throws kafkajs's error of the answer or of the connection.
 */
export async function lastTransaction(
  requests: BrokerRequests,
  coordinator: number,
  transactionalId: string,
): Promise<LastTransaction | undefined> {
  const { errorCode, state, producer } = await requests.sendOwn(coordinator, describeCall(transactionalId));
  if (errorCode === TRANSACTIONAL_ID_NOT_FOUND) return undefined;
  if (errorCode !== 0) throw errorOfCode(errorCode);
  const last = STATES[state];
  return last && { producer, ...last };
}

function describeCall(transactionalId: string): DirectCall<Described> {
  const body = [NO_TAGS, compactLength(1), compactText(transactionalId), NO_TAGS];
  return { apiKey: API_KEY, apiVersion: 0, apiName: 'DescribeTransactions', body, decode };
}

/** Reads the one transaction that was asked for, up to its producer. */
function decode(payload: Buffer): Described {
  const reader = new FlexibleReader(payload);
  const clientSideThrottleTime = reader.int32();
  const [described] = reader.array(() => {
    const errorCode = reader.int16();
    reader.text();
    const state = reader.text();
    // Its timeout, and when it began.
    reader.int32();
    reader.int64();
    return { errorCode, state, producer: { producerId: String(reader.int64()), producerEpoch: reader.int16() } };
  });
  return { clientSideThrottleTime, ...described! };
}
