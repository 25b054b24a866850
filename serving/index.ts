export * from './app.ts';
export * from './client.ts';
export * from './server.ts';
