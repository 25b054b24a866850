// What every line of a process's log has to be.

import assert from 'node:assert/strict';

const FIELDS = ['level', 'time', 'service', 'instance', 'component', 'event'];

/** Every line is JSON with the fixed fields, and has nothing that is personal. */
export function assertLogged(text: string, personal: readonly (RegExp | string)[]): void {
  const lines = text.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const fields = JSON.parse(line) as { readonly [name: string]: unknown };
    for (const name of FIELDS) assert.ok(fields[name] !== undefined, `${name} is missing: ${line}`);
    for (const who of personal)
      assert.ok(typeof who === 'string' ? !line.includes(who) : !who.test(line), `${String(who)} in ${line}`);
  }
}
