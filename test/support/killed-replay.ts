// A replay that kills its own process: `node killed-replay.ts FILE STEP COUNT` ends with SIGKILL at the COUNT-th time that a commit
// reaches STEP. Without STEP and COUNT it is the replay command.

import { replayFile } from '../../app/commands/replay.ts';
import { readConfig } from '../../app/config.ts';

const [file, step, count] = process.argv.slice(2);
let left = Number(count);

await replayFile(
  readConfig(process.env),
  {
    kind: 'events',
    file: file!,
    speed: undefined,
    onCommitStep(reached) {
      if (reached !== step) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  },
  new AbortController().signal,
);
