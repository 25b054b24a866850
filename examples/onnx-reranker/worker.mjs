// Runs the model for reranker.mjs. `state`: 0 whose turn it is (0 the engine's, 1 ours), 1 number of rows, 2 not 0 after a failure.

import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { modelPath, columns, state, features, scores } = workerData;
const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input] = session.inputNames;
const [output] = session.outputNames;
parentPort.postMessage('ready');

for (;;) {
  Atomics.wait(state, 0, 0);
  const rows = state[1];
  state[2] = 0;
  try {
    const given = new Tensor('float32', Float32Array.from(features.subarray(0, rows * columns)), [rows, columns]);
    const answer = await session.run({ [input]: given });
    // A boosted sum may dip below 0 where every tree agrees; scores may not.
    for (let i = 0; i < rows; i++) scores[i] = Math.max(0, answer[output].data[i]);
  } catch {
    state[2] = 1;
  }
  Atomics.store(state, 0, 0);
  Atomics.notify(state, 0);
}
