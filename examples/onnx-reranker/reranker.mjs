// A reranker that scores with an ONNX model: `FRESHET_RERANKER=examples/onnx-reranker/reranker.mjs npm start`. The model is
// reranker.onnx beside this file, or the file that ONNX_MODEL names.
//
// onnxruntime-node answers with a promise, a reranker answers at once. So the model runs in a worker thread and this thread waits for
// it, with memory that both see instead of messages: a call costs the model's time and about 50 µs.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const COLUMNS = 9;
/** Most candidates of a call. */
const ROWS = 4096;
/** A model that takes longer is no reranker. */
const PATIENCE_MS = 2000;

/** Starts a reranker. It ends with the process. */
export async function openReranker(modelPath) {
  const state = new Int32Array(new SharedArrayBuffer(12));
  const features = new Float32Array(new SharedArrayBuffer(4 * ROWS * COLUMNS));
  const scores = new Float32Array(new SharedArrayBuffer(4 * ROWS));
  const worker = new Worker(join(import.meta.dirname, 'worker.mjs'), {
    workerData: { modelPath, columns: COLUMNS, state, features, scores },
  });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.unref();
  return {
    name: `onnx:${modelPath}`,
    close: () => worker.terminate(),
    score(given, count) {
      if (count > ROWS) throw new RangeError(`${count} candidates, the reranker takes ${ROWS}`);
      features.set(given.subarray(0, count * COLUMNS));
      state[1] = count;
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
      if (Atomics.wait(state, 0, 1, PATIENCE_MS) === 'timed-out') throw new Error('the reranker does not answer');
      if (state[2] !== 0) throw new Error('the reranker failed');
      return scores.slice(0, count);
    },
  };
}

/** What the engine loads. */
export default () => openReranker(process.env.ONNX_MODEL ?? join(import.meta.dirname, 'reranker.onnx'));
