// A TCP proxy that makes the network bad on purpose, between a client and one server. It forwards every byte in order, except for
// what a test asks of it:
//   delay          each chunk waits, in both directions
//   stall          nothing moves, nothing is closed: a partition. Bytes stay where they are and move on `resume`
//   cut            open connections are reset; new ones are accepted
//   refuse         new connections are reset at once, until `accept`
//   dropResponses  (Kafka only) chosen requests reach the broker and are obeyed, their responses never arrive: a lost acknowledgement
// For Kafka the broker must advertise the proxy's address, or clients find their way around it (test/support/kafka-server.ts).

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FrameSplitter, type KafkaRequest, readRequest, responseCorrelationId } from './kafka-frames.ts';

export interface TcpProxyOptions {
  /** Port of 127.0.0.1 to which connections are forwarded. Nothing needs to listen there before a client comes. */
  readonly targetPort: number;
  /** Whether what flows is Kafka's protocol, which `dropResponses` needs. @defaultValue true */
  readonly isKafka?: boolean;
}

export interface DropOptions {
  /** How many matching requests lose their response. @defaultValue Infinity */
  readonly times?: number;
  /** `swallow`: the response vanishes, the connection stays. `cut`: the connection is reset in its place. @defaultValue 'swallow' */
  readonly how?: 'swallow' | 'cut';
}

/** Responses that are being dropped. */
export interface Drop {
  /** Responses dropped until now: the broker has obeyed these requests. */
  readonly count: number;
  /** Resolves when `times` responses are dropped. */
  readonly done: Promise<void>;
  /** Drops nothing more, also of what is under way. */
  stop(): void;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function createTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const proxy = new TcpProxy(options);
  await proxy.listen();
  return proxy;
}

interface Rule {
  readonly matches: (request: KafkaRequest) => boolean;
  readonly how: 'swallow' | 'cut';
  left: number;
  toDrop: number;
  count: number;
  isStopped: boolean;
  readonly done: PromiseWithResolvers<void>;
}

export class TcpProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #isKafka: boolean;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #rules = new Set<Rule>();
  #delayMs = 0;
  #isStalled = false;
  #isRefusing = false;

  constructor({ targetPort, isKafka = true }: TcpProxyOptions) {
    this.#targetPort = targetPort;
    this.#isKafka = isKafka;
    this.#server = createServer((client) => this.#connect(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `127.0.0.1:port`, for clients, and for the broker to advertise. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Open connections of clients. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** From now on each chunk arrives this much later, in both directions; 0 ends it. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** From now on nothing is forwarded; connections stay open and new ones are accepted. */
  stall(): void {
    this.#isStalled = true;
    for (const connection of this.#connections) setStalled(connection, true);
  }

  /** Ends a stall: what waited moves on. */
  resume(): void {
    this.#isStalled = false;
    for (const connection of this.#connections) setStalled(connection, false);
  }

  /** Resets all open connections, on both sides. */
  cut(): void {
    for (const connection of this.#connections) reset(connection);
  }

  /** From now on new connections are reset at once. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Ends a refusal. */
  accept(): void {
    this.#isRefusing = false;
  }

  /**
   * Drops the responses to requests that come from now on and that the predicate chooses. It is asked once for every request, as
   * it passes, so it may also serve to see that one passes: `({ apiName }) => apiName === 'EndTxn'`.
   */
  dropResponses(predicate: (request: KafkaRequest) => boolean, options: DropOptions = {}): Drop {
    const { times = Number.POSITIVE_INFINITY, how = 'swallow' } = options;
    if (!this.#isKafka) throw new TypeError('dropResponses needs a proxy of Kafka');
    const done = Promise.withResolvers<void>();
    const rule: Rule = { matches: predicate, how, left: times, toDrop: times, count: 0, isStopped: false, done };
    this.#rules.add(rule);
    return {
      get count() {
        return rule.count;
      },
      done: done.promise,
      stop: () => {
        rule.isStopped = true;
        this.#rules.delete(rule);
      },
    };
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connect(client: Socket): void {
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(this.#targetPort, '127.0.0.1');
    /** By correlation id, the requests under way whose response is to be dropped. */
    const doomed = new Map<number, Rule>();
    const requests = new FrameSplitter();
    const responses = new FrameSplitter();
    const connection: Connection = {
      client,
      target,
      toTarget: new DelayedWriter(target),
      toClient: new DelayedWriter(client),
    };
    this.#connections.add(connection);
    client.on('data', (chunk: Buffer) => {
      if (this.#isKafka) for (const frame of requests.push(chunk)) this.#judge(frame, doomed);
      connection.toTarget.write(chunk, this.#delayMs);
    });
    target.on('data', (chunk: Buffer) => {
      if (!this.#isKafka) return connection.toClient.write(chunk, this.#delayMs);
      for (const frame of responses.push(chunk)) {
        const rule = this.#ruleOf(frame, doomed);
        if (rule === undefined) connection.toClient.write(frame, this.#delayMs);
        else if (rule.how === 'cut') reset(connection);
      }
    });
    this.#end(connection, client, connection.toTarget);
    this.#end(connection, target, connection.toClient);
    if (this.#isStalled) setStalled(connection, true);
  }

  /** What one side does at its end the other side sees: an end after all bytes, or a reset. */
  #end(connection: Connection, from: Socket, writer: DelayedWriter): void {
    from.setNoDelay(true);
    // `close` follows.
    from.on('error', () => {});
    from.on('close', (hadError) => {
      if (hadError) reset(connection);
      else writer.write(undefined, this.#delayMs);
      if (connection.client.destroyed && connection.target.destroyed) this.#connections.delete(connection);
    });
  }

  /** Remembers a request whose response is to be dropped. */
  #judge(frame: Buffer, doomed: Map<number, Rule>): void {
    if (this.#rules.size === 0) return;
    const request = readRequest(frame);
    for (const rule of this.#rules) {
      if (rule.left === 0 || !rule.matches(request)) continue;
      rule.left -= 1;
      doomed.set(request.correlationId, rule);
      return;
    }
  }

  /** The rule that drops this response. */
  #ruleOf(frame: Buffer, doomed: Map<number, Rule>): Rule | undefined {
    if (doomed.size === 0) return undefined;
    const id = responseCorrelationId(frame);
    const rule = doomed.get(id);
    if (rule === undefined) return undefined;
    doomed.delete(id);
    if (rule.isStopped) return undefined;
    rule.count += 1;
    rule.toDrop -= 1;
    if (rule.toDrop === 0) rule.done.resolve();
    return rule;
  }
}

interface Connection {
  readonly client: Socket;
  readonly target: Socket;
  readonly toTarget: DelayedWriter;
  readonly toClient: DelayedWriter;
}

function reset({ client, target }: Connection): void {
  client.resetAndDestroy();
  target.resetAndDestroy();
}

function setStalled(connection: Connection, isStalled: boolean): void {
  connection.toTarget.setStalled(isStalled);
  connection.toClient.setStalled(isStalled);
  for (const socket of [connection.client, connection.target]) {
    if (isStalled) socket.pause();
    else socket.resume();
  }
}

/** Writes chunks to one socket in their order, each when its delay is over and nothing is stalled. */
class DelayedWriter {
  readonly #to: Socket;
  readonly #waiting: { readonly chunk: Buffer | undefined; readonly dueAt: number }[] = [];
  #isStalled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket) {
    this.#to = to;
  }

  /** `undefined` is the end of the stream. */
  write(chunk: Buffer | undefined, delayMs: number): void {
    this.#waiting.push({ chunk, dueAt: performance.now() + delayMs });
    this.#flush();
  }

  setStalled(isStalled: boolean): void {
    this.#isStalled = isStalled;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0 && !this.#isStalled && !this.#to.destroyed) {
      const { chunk, dueAt } = this.#waiting[0]!;
      const restMs = dueAt - performance.now();
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), restMs);
        return;
      }
      this.#waiting.shift();
      if (chunk === undefined) this.#to.end();
      else this.#to.write(chunk);
    }
  }
}
