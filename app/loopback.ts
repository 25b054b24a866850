// Which host names an endpoint answers to. One that listens on the loopback address is for programs of this machine alone.

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** Host names to serve when listening on `host`; `undefined`: any, since whoever opens it up puts a proxy before it. */
export function servedHosts(host: string): readonly string[] | undefined {
  return LOOPBACK.includes(host.toLowerCase()) ? ['127.0.0.1', 'localhost', '[::1]'] : undefined;
}
