export { DamagedFileError } from './avro-container.ts';
export { type HistoryPart, listHistory, type PartitionFiles, readHistory } from './history-reader.ts';
export { type HistorySource, HistoryWriter, type HistoryWriterOptions } from './history-writer.ts';
export { canonicalLocation, openObjectStore } from './location.ts';
export type { ObjectStore, StoredObject } from './object-store.ts';
export type { S3Options } from './s3-store.ts';
export { decodeSchemas, type SchemaOf } from './value-schemas.ts';
