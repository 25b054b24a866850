// The log of a run: fixed fields, and nothing of what visitors do or ask.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startCommand } from '../support/command-process.ts';
import { suiteOwner } from '../support/kafka-server.ts';
import { assertLogged } from './log-lines.ts';

const VISITOR = 'somebody-0815';
const SESSION = 'session-of-0815';
const QUERY = 'what-they-look-for';

describe('the log of an embedded run', () => {
  const owner = suiteOwner();

  test('has fixed fields on every line, and no visitor, session or query', async () => {
    const shop = startCommand(owner, ['start'], { FRESHET_LOG_LEVEL: 'debug' });
    const [url] = await shop.until(/http:\/\/\S+(?=\n)/);
    const who = { visitorId: VISITOR, sessionId: SESSION };
    const send = async (event: object) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ ...who, ...event });
      assert.equal((await fetch(`${url}/shop/events`, { method: 'POST', headers, body })).status, 202);
    };
    for (const fault of ['missing-item', 'unknown-item', 'future', 'negative-quantity', 'unreadable'])
      await send({ kind: 'bad', fault });
    await send({ kind: 'search', query: QUERY });
    const ask = async (path: string) => (await fetch(`${url}${path}`)).status;
    assert.equal(await ask(`/v1/visitors/${VISITOR}/recommendations?session=${SESSION}`), 200);
    assert.equal(await ask(`/v1/visitors/${VISITOR}/recommendations?n=${VISITOR}`), 400);
    assert.equal(await ask(`/v1/visitors/${VISITOR}/nothing-there`), 404);
    assert.equal(await shop.stop(), 0);
    assert.match(shop.logged(), /engine status/);
    assertLogged(shop.logged(), [VISITOR, SESSION, QUERY]);
  });
});
