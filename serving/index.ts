export * from './app.ts';
export * from './client.ts';
export { replaceFile } from './replace-file.ts';
export { createHealthRouter, type Readiness } from './routes.ts';
export * from './security/api-key.ts';
export * from './security/key-file.ts';
export * from './security/rate-limits.ts';
export * from './server.ts';
