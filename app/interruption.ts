// Ctrl-C and SIGTERM as an AbortSignal: the first one asks everything to end in order, a second one ends at once.

/** The exit code of a process that Ctrl-C ended, by the shell's custom. */
const INTERRUPTED = 130;

/** A signal that aborts at SIGINT, SIGTERM or SIGHUP. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      controller.abort(name);
    });
  return controller.signal;
}
