// The compose file against the Compose specification's own JSON schema, which check-jsonschema carries.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsProgram } from '../support/requires.ts';

const file = join(import.meta.dirname, '..', '..', 'deploy', 'compose.yaml');

test(
  'the compose file is one, by the specification',
  needsProgram('check-jsonschema', 'pip install check-jsonschema'),
  () => {
    const { status, stdout } = spawnSync('check-jsonschema', ['--builtin-schema', 'vendor.compose-spec', file], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  },
);
