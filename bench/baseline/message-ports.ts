/**
 * What one would take to tell three threads the same thing: a MessagePort to each, or a BroadcastChannel to all, a record an object.
 * Nothing is lost, and nothing bounds what is on its way.
 */
import { BroadcastChannel, MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { Rival, Sample } from "../harness.ts";
import { CONSUMERS } from "../broadcast-protocol.ts";

/** A record as a message. */
export interface TradeMessage {
  readonly sequence: number;
  readonly instrument: number;
  readonly tsEvent: number;
  readonly price: number;
  readonly qty: number;
}

/** What a consumer is started with: one of the two. */
export interface PortTask {
  readonly port: MessagePort | null;
  readonly channel: string | null;
}

function messageOf(n: number): TradeMessage {
  return { sequence: n, instrument: n & 255, tsEvent: n + 1, price: n % 4096, qty: n % 128 };
}

/** Three consumers that count what they get and answer after each `messages` of them. */
abstract class MessageRival implements Rival {
  abstract readonly name: string;
  /** Its part of the row's name. */
  abstract readonly key: string;
  readonly sameWork: boolean = false;
  protected readonly workers: Worker[] = [];
  private readonly messages: number;
  private readonly listening: Promise<unknown>[] = [];

  constructor(messages: number) {
    this.messages = messages;
  }

  async run(): Promise<Sample> {
    await Promise.all(this.listening);
    const { messages, workers } = this;
    const told = workers.map((worker) => new Promise((resolve) => worker.once("message", resolve)));
    const start = performance.now();
    for (let n = 1; n <= messages; n++) this.post(messageOf(n % messages));
    await Promise.all(told);
    return { operations: messages, ns: (performance.now() - start) * 1e6, hash: "" };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  protected abstract post(message: TradeMessage): void;

  protected start(task: PortTask): void {
    const transferList = task.port === null ? [] : [task.port];
    const worker = new Worker(new URL("./port-consumer.ts", import.meta.url), { workerData: task, transferList });
    this.workers.push(worker);
    this.listening.push(new Promise((resolve) => worker.once("message", resolve)));
  }
}

export class PortRival extends MessageRival {
  readonly name: string = "MessagePort to each, objects";
  readonly key: string = "message-port";
  private readonly ports: MessagePort[] = [];

  constructor(messages: number) {
    super(messages);
    for (let i = 0; i < CONSUMERS; i++) {
      const { port1, port2 } = new MessageChannel();
      this.ports.push(port1);
      this.start({ port: port2, channel: null });
    }
  }

  override async close(): Promise<void> {
    for (const port of this.ports) port.close();
    await super.close();
  }

  protected post(message: TradeMessage): void {
    for (const port of this.ports) port.postMessage(message);
  }
}

export class ChannelRival extends MessageRival {
  readonly name: string = "BroadcastChannel, objects";
  readonly key: string = "channel";
  private readonly channel: BroadcastChannel;

  constructor(messages: number) {
    super(messages);
    const name = `tercel-bench-${process.pid}`;
    this.channel = new BroadcastChannel(name);
    for (let i = 0; i < CONSUMERS; i++) this.start({ port: null, channel: name });
  }

  override async close(): Promise<void> {
    this.channel.close();
    await super.close();
  }

  protected post(message: TradeMessage): void {
    this.channel.postMessage(message);
  }
}
