// Ctrl-C and SIGTERM as an AbortSignal: the first one asks everything to end in order, a second one ends at once.

/** The exit code of a process that Ctrl-C ended, by the shell's custom. */
const INTERRUPTED = 130;

/** A terminal and a parent process may both send the same Ctrl-C; nobody presses it twice so fast. */
const SAME_PRESS_MS = 300;

/** A signal that aborts at SIGINT, SIGTERM or SIGHUP. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let firstMs = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (performance.now() - firstMs > SAME_PRESS_MS) process.exit(INTERRUPTED);
        return;
      }
      firstMs = performance.now();
      // As every other abort has it: whoever rejects with the reason rejects with an AbortError.
      controller.abort(new DOMException(name, 'AbortError'));
    });
  return controller.signal;
}
