// The body of a batch: several placements of one page, asked in one round trip to the list store.
import { checkOf, type Parameters } from './parameters.ts';
import type { Question } from './plan.ts';
import { ProblemError } from './problem.ts';
import { BATCH_COMMON, BATCH_REQUEST, MAX_BATCH_REQUESTS } from './route-table.ts';

const checkCommon = checkOf(BATCH_COMMON);
const checkRequest = checkOf(BATCH_REQUEST);

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The questions of a body.
 * @throws {ProblemError} `invalid-body`, `invalid-parameter` or `unknown-parameter`, naming e.g. `requests[0].n`.
 */
export function parseBatch(body: unknown): Question[] {
  if (!isObject(body)) throw new ProblemError('invalid-body', 'The body must be a JSON object.');
  const { requests, ...rest } = body;
  const common = checkCommon(rest);
  if (!Array.isArray(requests) || requests.length < 1 || requests.length > MAX_BATCH_REQUESTS)
    throw new ProblemError(
      'invalid-parameter',
      `requests must be an array of 1 to ${MAX_BATCH_REQUESTS} requests.`,
      'requests',
    );
  return requests.map((request: unknown, i) => {
    const place = `requests[${i}].`;
    if (!isObject(request))
      throw new ProblemError('invalid-parameter', `requests[${i}] must be an object.`, `requests[${i}]`);
    const parameters: Parameters = { ...common, ...checkRequest(request, place) };
    const { placement } = parameters;
    if (placement === undefined)
      throw new ProblemError('invalid-parameter', `${place}placement is missing.`, `${place}placement`);
    return { placement, parameters, place };
  });
}
