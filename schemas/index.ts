export * from './compatibility.ts';
export * from './item-hash.ts';
export * from './json.ts';
export * from './keys.ts';
export * from './records.ts';
export * from './refusals.ts';
export * from './schema-source.ts';
export * from './serdes.ts';
export { validate } from './validation.ts';
