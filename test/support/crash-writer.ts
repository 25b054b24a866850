// A process to be killed: writes batch after batch over two column families, and says the number of each that is written.
import { openRocksDatabase } from '../../state/index.ts';

/** Keys that every batch writes in column family `a`. All hold the batch's number, as does the key `n` in `b`. */
export const KEYS_PER_BATCH = 50;

if (import.meta.main) {
  const database = await openRocksDatabase(process.argv[2]!, { columnFamilies: ['a', 'b'] });
  const first = Number(process.argv[3]);
  for (let number = first; ; number++) {
    const value = Buffer.from(String(number));
    const batch = database.createBatch();
    for (let i = 0; i < KEYS_PER_BATCH; i++) batch.put('a', Buffer.from(`k${i}`), value);
    batch.put('b', Buffer.from('n'), value);
    database.write(batch);
    process.stdout.write(`${number}\n`);
    // Lets standard output leave.
    if (number % 10 === 0) await new Promise(setImmediate);
  }
}
