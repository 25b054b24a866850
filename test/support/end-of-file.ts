// Loaded before each test file by test/run.ts: once the last test of a file has ended, so does its process, soon. `--test-force-exit`
// would end it before all that its tests have said has reached the runner.

import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

/** What a test has left open, as a failed one may, keeps the process for so long. */
const TIME_TO_END_MS = 5_000;

// Node hands it to what a test forks, too.
if (isMainThread && process.argv[1]?.endsWith('.test.ts') === true)
  after(() => {
    setTimeout(() => {
      console.error(`ended with these still open: ${process.getActiveResourcesInfo().join(', ')}`);
      process.exit();
    }, TIME_TO_END_MS).unref();
    // The last of all to hear of the exit. Node, left to itself, then takes its environment apart, which need not end: 24.21 was seen to
    // turn in Environment::CleanupHandles for minutes.
    process.on('exit', (code) => process.exit(code));
  });
