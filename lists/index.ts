export * from './card-codec.ts';
export * from './embedded-list-store.ts';
export * from './keys.ts';
export * from './list.ts';
export * from './list-codec.ts';
export * from './list-store.ts';
