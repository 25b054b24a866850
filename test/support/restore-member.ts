// An instance as a process of its own, to be killed: `node restore-member.ts APPLICATION TASKS BOOTSTRAP DIRECTORY STANDBY_REPLICAS`.
// Prints a line of JSON for each thing that happens, see `MemberLine`.

import { logOptionsOf } from './restore-application.ts';
import { Instance } from './restore-instance.ts';

export type MemberLine = { readonly atMs: number } & (
  | { readonly kind: 'step'; readonly step: string; readonly taskId: number }
  | { readonly kind: 'log'; readonly event: string; readonly fields: Readonly<{ [name: string]: unknown }> }
  | {
      readonly kind: 'tasks';
      readonly tasks: readonly { readonly taskId: number; readonly role: string; readonly status: string }[];
      /** Offset up to which the changelog was read, by task. */
      readonly offsets: Readonly<{ [taskId: string]: number }>;
      /** Records of all topics that the active tasks know of and have not processed. */
      readonly lag: number;
    }
);

async function main([application, tasks, bootstrap, directory, standbyReplicas]: readonly string[]): Promise<void> {
  const print = (line: object) => console.log(JSON.stringify({ atMs: Date.now(), ...line }));
  let printed = 0;
  const instance = await Instance.start(
    {
      tasks: Number(tasks),
      logOptions: logOptionsOf(application!, Number(tasks), bootstrap!),
      owner: { after: () => undefined },
    },
    {
      directory: directory!,
      instanceId: directory!,
      standbyReplicas: Number(standbyReplicas),
      recordsPerBatch: 50,
      onCommitStep: (step, taskId) => print({ kind: 'step', step, taskId }),
    },
  );
  setInterval(() => {
    for (const { event, fields } of instance.lines.slice(printed)) print({ kind: 'log', event, fields });
    printed = instance.lines.length;
    const { changelogOffsets, engine, failure } = instance;
    if (failure !== undefined) throw failure;
    const lag = [...engine.lag().values()].reduce((sum, records) => sum + records, 0);
    print({ kind: 'tasks', tasks: engine.tasks(), offsets: Object.fromEntries(changelogOffsets), lag });
  }, 20);
}

if (import.meta.main) await main(process.argv.slice(2));
