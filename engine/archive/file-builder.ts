// A history file while it grows, in memory: records are encoded as they come, compressed block by block in the thread pool, and put
// together at the end, when it is known which schemas the values need.

import type { LogRecord, TopicPartition } from '../api/index.ts';
import { type Block, encodeBlock, encodeContainer, newSyncMark } from './avro-container.ts';
import { fileName } from './file-names.ts';
import { historySchema, historyType, toHistory } from './history-record.ts';
import { encodeSchemas, type SchemaOf, schemaIdOf } from './value-schemas.ts';

/** Encoded records of a block. Half: 3 % larger files; double: twice the memory of every partition that is read. */
const BLOCK_BYTES = 128 * 1024;

/** A complete file. */
export interface BuiltFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly records: number;
}

export class FileBuilder {
  readonly #place: TopicPartition;
  readonly #first: number;
  readonly #sync = newSyncMark();
  readonly #schemaIds = new Set<number>();
  readonly #blocks: Promise<Block>[] = [];
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #length = 0;
  #inBlock = 0;
  #last = -1;
  #bytes = 0;
  #records = 0;

  /** @param first the offset from which on the file covers the partition. */
  constructor(place: TopicPartition, first: number) {
    this.#place = place;
    this.#first = first;
  }

  /** Memory that it takes: compressed where that is done. */
  get bytes(): number {
    return this.#bytes + this.#length;
  }

  /** Offset of the last record. */
  get last(): number {
    return this.#last;
  }

  /** Adds the record with the next higher offset. Its bytes are copied. */
  add(record: LogRecord): void {
    const value = toHistory(record);
    let end = historyType.encode(value, this.#block, this.#length);
    if (end < 0 && this.#inBlock > 0) {
      this.#endBlock();
      end = historyType.encode(value, this.#block, 0);
    }
    if (end < 0) {
      // Larger than a block. Below 0, it is minus the number of bytes that are missing.
      this.#block = Buffer.allocUnsafeSlow(this.#block.length - end);
      end = historyType.encode(value, this.#block, 0);
    }
    this.#length = end;
    this.#inBlock += 1;
    this.#records += 1;
    this.#last = record.offset;
    const id = schemaIdOf(record.value);
    if (id !== undefined) this.#schemaIds.add(id);
  }

  /** The whole file. Nothing may be added after that. */
  async finish(schemaOf: SchemaOf | undefined): Promise<BuiltFile> {
    this.#endBlock();
    const blocks = await Promise.all(this.#blocks);
    const metadata = encodeSchemas(this.#schemaIds, schemaOf);
    return {
      name: fileName(this.#place, this.#first, this.#last),
      bytes: encodeContainer(historySchema, metadata, blocks, this.#sync),
      records: this.#records,
    };
  }

  #endBlock(): void {
    if (this.#inBlock === 0) return;
    const length = this.#length;
    const packing = encodeBlock(this.#inBlock, this.#block.subarray(0, length), this.#sync);
    this.#blocks.push(
      packing.then((block) => {
        this.#bytes += block.bytes.length - length;
        return block;
      }),
    );
    this.#bytes += length;
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#length = 0;
    this.#inBlock = 0;
  }
}
