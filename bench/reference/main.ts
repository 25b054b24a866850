// The reference job on this engine, as an application that the measuring script can run: settings from the environment, and lines on
// stdout that say what happens (FIRST, STATE, RESTORED, STATS). Of NUM_STREAM_THREADS above 1 each is a process and a member of the
// group, and this one only speaks for them. SIGTERM ends it.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { silentLogger } from '../../engine/api/index.ts';
import { prepareTopics } from './member.ts';
import { Report, type Told } from './report.ts';
import { runMember } from './run-member.ts';
import { type Settings, settingsOf } from './settings.ts';
import { Stats } from './stats.ts';

// Values of a commit come from pieces of 64 kB, not 8: fewer of them for the garbage collector to look after.
Buffer.poolSize = 1 << 16;

const settings = settingsOf(process.env);
let end: () => Promise<void>;
if (process.send !== undefined) {
  end = await runMember(settings, (told) => process.send!(told));
  process.once('disconnect', () => process.exit(1));
} else {
  const report = new Report(settings.partitions, (line) => void process.stdout.write(`${line}\n`));
  await prepareTopics(settings, new Stats(() => {}), silentLogger);
  end =
    settings.threads === 1
      ? await runMember(settings, (told) => report.hear(0, told))
      : runMembers(settings, (member, told) => report.hear(member, told));
}
process.once('SIGTERM', async () => {
  await end();
  process.exit(0);
});

function runMembers(settings: Settings, hear: (member: number, told: Told) => void): () => Promise<void> {
  let isEnding = false;
  const members = Array.from({ length: settings.threads }, (_, member): ChildProcess => {
    const child = fork(import.meta.filename, {
      env: {
        ...process.env,
        STATE_DIR: join(settings.stateDirectory, String(member)),
        CACHE_MAX_BYTES: String(settings.cacheMaxBytes / settings.threads),
      },
    });
    child.on('message', (told: Told) => hear(member, told));
    child.once('exit', () => {
      if (!isEnding) process.exit(1);
    });
    return child;
  });
  return async () => {
    isEnding = true;
    await Promise.all(
      members.map(async (child) => {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
      }),
    );
  };
}
