// What an error looks like outside: a problem document (RFC 9457). `type` is stable and is what programs compare; `detail` is a
// sentence for people that names what was wrong and what is allowed. Nothing of the machine (stack, path, key) ever gets in.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { type Logger, TRACEPARENT, traceIdOf } from '../engine/api/index.ts';
import type { EdgeResponse } from './handler.ts';

/** Every problem that the endpoint answers with. Stable; new ones may be added. */
const KINDS = {
  'invalid-parameter': { status: 400, title: 'A parameter is not valid' },
  'unknown-parameter': { status: 400, title: 'A parameter is not known' },
  'invalid-body': { status: 400, title: 'The body is not valid' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  forbidden: { status: 403, title: 'The API key is not for this' },
  'cross-origin': { status: 403, title: 'Another site may not send this' },
  'unknown-host': { status: 421, title: 'The host is not served here' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'nothing-own': { status: 404, title: 'There is no list of its own yet' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is not JSON' },
  'rate-limited': { status: 429, title: 'Too many requests with this API key' },
  'too-many': { status: 503, title: 'Too many clients' },
  'not-ready': { status: 503, title: 'Not ready yet' },
  internal: { status: 500, title: 'Something failed on our side' },
} as const satisfies { readonly [kind: string]: { readonly status: number; readonly title: string } };

export type ProblemKind = keyof typeof KINDS;
export const PROBLEM_KINDS = Object.keys(KINDS) as readonly ProblemKind[];

/** Status and title of a kind of problem. */
export function problemKind(kind: ProblemKind): { readonly status: number; readonly title: string } {
  return KINDS[kind];
}

/** The JSON of a problem. `parameter` names what the caller has to change, where there is one. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly parameter?: string;
  readonly requestId?: string;
}

/** Thrown by a route or a validator; becomes a problem document. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly kind: ProblemKind;
  readonly parameter: string | undefined;

  constructor(kind: ProblemKind, detail: string, parameter?: string) {
    super(detail);
    this.kind = kind;
    this.parameter = parameter;
  }

  get status(): number {
    return KINDS[this.kind].status;
  }
}

/** Answers with a problem document. The response must not have begun. */
export function sendProblem(response: EdgeResponse, problem: ProblemError): void {
  const { status, title } = KINDS[problem.kind];
  const { requestId } = response.locals;
  const document: ProblemDocument = {
    type: `/problems/${problem.kind}`,
    title,
    status,
    detail: problem.message,
    ...(problem.parameter === undefined ? {} : { parameter: problem.parameter }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  const body = Buffer.from(JSON.stringify(document));
  response.statusCode = status;
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-type', 'application/problem+json; charset=utf-8');
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Last route of an app: nothing else answered. The path is not repeated, for it may hold a visitor's id. */
export const notFound: RequestHandler = (_request, response) => {
  sendProblem(
    response,
    new ProblemError('not-found', 'No such address. See docs/contracts.md for the ones there are.'),
  );
};

/** Refuses every other method on a path that answers only `allowed`. */
export function allowOnly(...allowed: readonly string[]): RequestHandler {
  const list = allowed.includes('GET') ? [...allowed, 'HEAD', 'OPTIONS'] : [...allowed, 'OPTIONS'];
  const allow = list.join(', ');
  return (request, response) => {
    response.set('allow', allow);
    if (request.method === 'OPTIONS') response.status(204).end();
    else sendProblem(response, new ProblemError('method-not-allowed', `Use ${allowed.join(' or ')} here.`));
  };
}

/** What Express and its body parser throw: an error with a status, and sometimes a `type`. */
function fromLibrary(error: unknown): ProblemError | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status === 413) return new ProblemError('too-large', 'The body is larger than allowed here.');
  if (error.status === 415) return new ProblemError('unsupported-media-type', 'Send application/json in UTF-8.');
  if (error.status < 400 || error.status >= 500) return undefined;
  if ('type' in error && typeof error.type === 'string')
    return new ProblemError('invalid-body', 'The body is not JSON.');
  return new ProblemError('invalid-parameter', 'The address has a part that cannot be decoded.');
}

/** Answers with whatever a route threw as a problem document, and logs what is our fault without what the caller sent. */
export function sendFailure(error: unknown, response: EdgeResponse, logger: Logger): void {
  const problem = error instanceof ProblemError ? error : fromLibrary(error);
  if (problem !== undefined) {
    sendProblem(response, problem);
    return;
  }
  logger.error('request-failed', {
    requestId: response.locals.requestId,
    traceId: traceIdOf(response.getHeader(TRACEPARENT)?.toString()),
    error: error instanceof Error ? error.name : typeof error,
  });
  sendProblem(response, new ProblemError('internal', 'Try again. The request id finds the cause in the logs.'));
}

/** For Express. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else sendFailure(error, response, logger);
  };
}
