// The container's health check: whether what runs in it is ready, by its own word. Exit code 0 or 1; no shell and no curl needed.
// An engine answers on its health port, everything else on the endpoint's.

const port = process.env.FRESHET_HEALTH_PORT ?? process.env.FRESHET_PORT ?? '8080';

try {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) });
  console.log(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(String(error.cause ?? error));
  process.exitCode = 1;
}
