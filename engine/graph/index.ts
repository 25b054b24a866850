export * from './description.ts';
export * from './topology.ts';
export {
  type GlobalStoreOptions,
  type ProcessorOptions,
  type SinkOptions,
  type SourceOptions,
  TopologyBuilder,
} from './topology-builder.ts';
