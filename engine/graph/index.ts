export * from './description.ts';
export { type SubTopologies, subTopologiesOf } from './sub-topologies.ts';
export * from './topology.ts';
export {
  type GlobalStoreOptions,
  type ProcessorOptions,
  type SinkOptions,
  type SourceOptions,
  TopologyBuilder,
} from './topology-builder.ts';
