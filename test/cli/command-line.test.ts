// The command line as a person uses it: what it prints, how it ends, what it says when something is wrong.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SETTINGS } from '../../app/config.ts';
import { contentsOf } from '../support/data-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'freshet-cli-'));
const children: ChildProcess[] = [];
after(() => {
  // A test that failed half-way must not leave its process behind.
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly topic: string;
  readonly value: { readonly at: number };
}

interface Run {
  readonly child: ChildProcess;
  readonly printed: () => string;
  readonly ended: Promise<number | null>;
  /** Resolves when what it printed matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

function freshet(parameters: readonly string[], environment: { [name: string]: string } = {}): Run {
  const child = spawn(process.execPath, [join(root, 'bin', 'freshet.js'), ...parameters], {
    cwd: folder,
    env: { PATH: process.env.PATH, FRESHET_PARTITIONS: '2', FRESHET_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let printed = '';
  let look = () => {};
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (text) => {
      printed += String(text);
      look();
    });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => resolve(code));
  });
  return {
    child,
    printed: () => printed,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          const match = pattern.exec(printed);
          if (match !== null) resolve(match);
        };
        void ended.then(() => reject(new Error(`it ended before it printed ${pattern}:\n${printed}`)));
        look();
      }),
  };
}

async function output(parameters: readonly string[], environment?: { [name: string]: string }) {
  const run = freshet(parameters, environment);
  return { code: await run.ended, printed: run.printed() };
}

test('--help explains every command and every setting', async () => {
  const { code, printed } = await output(['--help']);
  assert.equal(code, 0);
  for (const command of [
    'start',
    'serve',
    'probe',
    'replay',
    'simulate',
    'topology',
    'engine',
    'shop',
    'topics',
    'schemas',
    'dead-letters',
    'keys',
  ])
    assert.match(printed, new RegExp(`^  ${command}`, 'm'));
  for (const { variable, fallback } of Object.values(SETTINGS))
    assert.ok(printed.includes(fallback === undefined ? `${variable}  (` : `${variable}=${fallback}`), variable);
});

test('settings that cannot be used are all named at once, misspelt ones too', async () => {
  const { code, printed } = await output(['serve'], {
    FRESHET_PORT: 'eighty',
    FRESHET_HOTS: 'x',
    FRESHET_LOG_LEVEL: 'loud',
  });
  assert.equal(code, 2);
  assert.match(printed, /FRESHET_PORT must be a whole number from 0 to 65535, not "eighty"/);
  assert.match(printed, /FRESHET_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud"/);
  assert.match(printed, /FRESHET_HOTS is no setting/);
});

test('mistakes in the call say what is wrong and what there is', async () => {
  assert.deepEqual((await output(['replay', 'parquet', 'x'])).code, 2);
  assert.match(
    (await output(['replay', 'parquet', 'x'])).printed,
    /no kind "parquet": it is one of online-retail, events/,
  );
  assert.match((await output(['reply'])).printed, /unknown command 'reply'/);
  assert.match((await output(['simulate', '--events', '-3', '--out', 'x'])).printed, /whole number from 1/);
  const missing = await output(['replay', 'events', 'nowhere.jsonl'], { FRESHET_DATA_DIR: join(folder, 'missing') });
  assert.equal(missing.code, 1);
  assert.match(missing.printed, /cannot read nowhere\.jsonl/);
  assert.doesNotMatch(missing.printed, /\n {4}at /, 'no stack for a mistake of the user');
});

test('serve without state says that there is none', async () => {
  const { code, printed } = await output(['serve'], { FRESHET_DATA_DIR: join(folder, 'empty') });
  assert.equal(code, 1);
  assert.doesNotMatch(printed, /\n {4}at /);
  assert.match(printed, /empty/);
});

test('a small Online Retail file goes in, is counted, and is answered from; a second process on the folder is told why not', async () => {
  const file = join(folder, 'retail.csv');
  const rows = [
    'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country',
    ...['536001', '536002', '536003'].flatMap((invoice, i) => [
      `${invoice},10001,RED TEAPOT,1,2010-12-0${i + 1} 08:00:00,2.5,1700${i},United Kingdom`,
      `${invoice},10002,BLUE TEACUP,4,2010-12-0${i + 1} 08:00:00,1.5,1700${i},United Kingdom`,
    ]),
    '536003,10002,BLUE TEACUP,4,2010-12-03 08:00:00,1.5,17002,United Kingdom',
    '536004,POST,POSTAGE,1,2010-12-04 08:00:00,18,17003,France',
    'C536005,10002,BLUE TEACUP,-4,2010-12-05 08:00:00,1.5,17000,United Kingdom',
    'C536006,10001,RED TEAPOT,-9,2010-12-06 08:00:00,2.5,17001,United Kingdom',
  ];
  writeFileSync(file, `${rows.join('\n')}\n`);
  const environment = { FRESHET_DATA_DIR: join(folder, 'retail') };
  const replayed = await output(['replay', 'online-retail', file], environment);
  assert.equal(replayed.code, 0, replayed.printed);
  for (const line of [
    /rows read +10/,
    /exact duplicates, used once +1/,
    /cancellations without a matching order +1/,
    /not-a-product +1/,
    /events of purchases +4/,
    /events of catalog +2/,
  ])
    assert.match(replayed.printed, line);

  const serving = freshet(['serve'], { ...environment, FRESHET_LOG_LEVEL: 'error' });
  const [url] = await serving.until(/http:\/\/[\d.]+:\d+/);
  const answer = (await (await fetch(`${url}/v1/items/10001/bought-together?n=5&fields=title`)).json()) as {
    items: { id: string; item: { title: string } }[];
  };
  assert.deepEqual(
    answer.items.map(({ id, item }) => [id, item.title]),
    [['10002', 'BLUE TEACUP']],
  );

  const second = await output(['serve'], environment);
  assert.equal(second.code, 1);
  assert.match(second.printed, /retail/);
  assert.doesNotMatch(second.printed, /\n {4}at /);

  serving.child.kill('SIGINT');
  assert.equal(await serving.ended, 0);
});

test('Ctrl-C in a replay ends it in order; the same command finishes it, and the state is that of one run', async () => {
  const events = join(folder, 'events.jsonl');
  assert.equal((await output(['simulate', '--events', '12000', '--seed', '5', '--out', events])).code, 0);
  const environment = (name: string) => ({ FRESHET_DATA_DIR: join(folder, name) });
  assert.equal((await output(['replay', 'events', events], environment('whole'))).code, 0);

  const interrupted = freshet(['replay', 'events', events], environment('parts'));
  await interrupted.until(/\d+ %/);
  interrupted.child.kill('SIGINT');
  assert.equal(await interrupted.ended, 130, interrupted.printed());
  assert.match(interrupted.printed(), /The same command goes on from there/);

  const finished = await output(['replay', 'events', events], environment('parts'));
  assert.equal(finished.code, 0, finished.printed);
  assert.match(finished.printed, /continued where an earlier run had stopped/);
  const whole = await contentsOf(join(folder, 'whole'), 2);
  assert.deepEqual(
    (await contentsOf(join(folder, 'parts'), 2)).filter((line) => !whole.includes(line)).slice(0, 3),
    [],
  );
});

test('Ctrl-C in an evaluation ends it with 130 and without an error', async () => {
  const events = join(folder, 'evaluated.jsonl');
  assert.equal((await output(['simulate', '--events', '12000', '--seed', '5', '--out', events])).code, 0);
  const interrupted = freshet(['evaluate', events]);
  await interrupted.until(/\d+ % /);
  interrupted.child.kill('SIGINT');
  assert.equal(await interrupted.ended, 130, interrupted.printed());
  assert.doesNotMatch(interrupted.printed(), /freshet:/);
});

test('whoever does not read what a command says beside its output has the output all the same', async () => {
  const events = join(folder, 'unread.jsonl');
  const unread = (...parameters: readonly string[]) => {
    const run = freshet(parameters);
    run.child.stderr!.destroy();
    return run;
  };
  assert.equal(await unread('simulate', '--events', '1500', '--seed', '5', '--out', events).ended, 0);
  const evaluated = unread('evaluate', events, '--json', '--no-baselines');
  assert.equal(await evaluated.ended, 0);
  assert.match(evaluated.printed(), /^\{"dataSet".*\}$/m);
});

test('the end of a file is the newest event that counted, whatever its last line says', async () => {
  const events = join(folder, 'ends.jsonl');
  assert.equal((await output(['simulate', '--events', '1500', '--seed', '9', '--out', events])).code, 0);
  const lines = readFileSync(events, 'utf8').trimEnd().split('\n');
  const click = lines.map((line) => JSON.parse(line) as Line).findLast(({ topic }) => topic === 'clicks')!;
  const variants = {
    plain: undefined,
    future: Date.UTC(2100, 0, 1),
    late: click.value.at - 86_400_000,
  };
  const times: (number | undefined)[] = [];
  for (const [name, at] of Object.entries(variants)) {
    const last = JSON.stringify({ ...click, value: { ...click.value, eventId: `the-last-${name}`, at } });
    writeFileSync(`${events}.${name}`, `${[...lines, ...(at === undefined ? [] : [last])].join('\n')}\n`);
    const environment = { FRESHET_DATA_DIR: join(folder, `ends-${name}`) };
    assert.equal((await output(['replay', 'events', `${events}.${name}`], environment)).code, 0);
    const contents = await contentsOf(join(folder, `ends-${name}`), 2);
    assert.deepEqual(
      contents.filter((line) => line.startsWith('waiting-items ')),
      [],
      `${name}: nothing is left waiting`,
    );
    const position = contents.find((line) => line.startsWith('positions '))!;
    times.push(
      (JSON.parse(Buffer.from(position.split(' ')[2]!, 'hex').toString()) as { streamTimeMs?: number }).streamTimeMs,
    );
  }
  assert.deepEqual(new Set(times).size, 1, times.join(', '));
});

test('the same seed simulates the same file, another seed another', async () => {
  const simulated = async (seed: string) =>
    (await output(['simulate', '--events', '200', '--seed', seed, '--out', '-'])).printed;
  const one = await simulated('1');
  assert.equal(await simulated('1'), one);
  assert.notEqual(await simulated('2'), one);
});

test('an API key is made, listed without its secret, and revoked; each is written down', async () => {
  const environment = { FRESHET_API_KEYS_FILE: join(folder, 'keys.json'), FRESHET_DATA_DIR: join(folder, 'keys-data') };
  const made = freshet(['keys', 'create', '--name', 'storefront', '--scopes', 'public'], environment);
  assert.equal(await made.ended, 0);
  const [text = '', id = '', secret = ''] = /fk_([0-9a-f]{12})_(\S+)/.exec(made.printed()) ?? [];
  assert.ok(text);
  const listed = freshet(['keys', 'list', '--json'], environment);
  assert.equal(await listed.ended, 0);
  const { name, scopes } = JSON.parse(listed.printed());
  assert.deepEqual([name, scopes], ['storefront', ['public']]);
  assert.equal(await freshet(['keys', 'revoke', 'none'], environment).ended, 1);
  assert.equal(await freshet(['keys', 'revoke', id], environment).ended, 0);
  const audited = readFileSync(join(folder, 'keys-data', 'audit.log'), 'utf8')
    .trim()
    .split('\n');
  assert.deepEqual(
    audited.map((line) => JSON.parse(line)).map(({ action, key }) => [action, key]),
    [
      ['api-key-created', id],
      ['api-key-revoked', id],
    ],
  );
  for (const kept of [...audited, listed.printed(), readFileSync(join(folder, 'keys.json'), 'utf8')])
    assert.ok(!kept.includes(secret));
});

test('where the audit log cannot be written, nothing is done, and a sentence says so', async () => {
  const keysFile = join(folder, 'unaudited.json');
  const environment = { FRESHET_API_KEYS_FILE: keysFile, FRESHET_DATA_DIR: join(folder, 'keys-data') };
  const made = await output(['keys', 'create', '--name', 'storefront'], environment);
  const [, id = ''] = /fk_([0-9a-f]{12})_/.exec(made.printed) ?? [];
  const before = readFileSync(keysFile, 'utf8');
  writeFileSync(join(folder, 'plain'), '');
  writeFileSync(join(folder, 'settings.json'), '{"placements": {}}');
  const unwritable = { ...environment, FRESHET_AUDIT_LOG: join(folder, 'plain', 'audit.log') };
  for (const parameters of [
    ['keys', 'create', '--name', 'second'],
    ['keys', 'revoke', id],
    ['settings', 'apply', 'settings.json'],
  ]) {
    const { code, printed } = await output(parameters, unwritable);
    assert.equal(code, 1);
    assert.match(printed, /^freshet: Nothing was done: the audit log .*audit\.log cannot be written: /);
    assert.doesNotMatch(printed, /\n {4}at |fk_/);
    assert.equal(readFileSync(keysFile, 'utf8'), before);
  }
});

test('a key whose name is empty or too long is not made', async () => {
  const environment = {
    FRESHET_API_KEYS_FILE: join(folder, 'named.json'),
    FRESHET_DATA_DIR: join(folder, 'keys-data'),
  };
  for (const name of ['', 'x'.repeat(101)]) {
    const { code, printed } = await output(['keys', 'create', '--name', name], environment);
    assert.equal(code, 2);
    assert.match(printed, /--name.*1 to 100 characters/);
  }
  assert.equal((await output(['keys', 'create', '--name', 'x'.repeat(100)], environment)).code, 0);
  assert.equal((await output(['keys', 'list'], environment)).code, 0);
});

test('the endpoint does not open to other machines without API keys', async () => {
  const refused = freshet(['serve', '--redis'], { FRESHET_HOST: '0.0.0.0' });
  assert.equal(await refused.ended, 2);
  assert.match(refused.printed(), /FRESHET_API_KEYS_FILE/);
});
