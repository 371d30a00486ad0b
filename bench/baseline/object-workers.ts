/**
 * What one would write to spread a feed over workers: parse each message into an object, gather batches by instrument, postMessage them, and
 * let an rxjs pipeline run in each worker. Nothing bounds what is on its way, nothing orders what comes back.
 */
import { Worker } from "node:worker_threads";
import type { Rival, Sample } from "../harness.ts";
import type { ObjectTotals } from "./object-worker.ts";
import { parseAll, type Message } from "./rx-pipeline.ts";

const BATCH = 256;

export class ObjectWorkers implements Rival {
  readonly name: string;
  readonly sameWork: boolean = false;
  /** Of the last round. */
  bars = 0;
  volume = 0;
  private readonly bytes: Uint8Array;
  private readonly workers: readonly Worker[];

  constructor(bytes: Uint8Array, workers: number) {
    this.name = `JavaScript, rxjs, objects posted to ${workers} ${workers === 1 ? "worker" : "workers"}`;
    this.bytes = bytes;
    this.workers = Array.from({ length: workers }, () => new Worker(new URL("./object-worker.ts", import.meta.url)));
  }

  async run(): Promise<Sample> {
    const { workers } = this;
    const told = workers.map((worker) => new Promise<ObjectTotals>((resolve) => worker.once("message", resolve)));
    const start = performance.now();
    let batches = workers.map((): Message[] => []);
    const messages = parseAll(this.bytes, (message) => {
      const at = message.locate % workers.length;
      if (batches[at].push(message) < BATCH) return;
      workers[at].postMessage(batches[at]);
      batches[at] = [];
    });
    workers.forEach((worker, at) => {
      worker.postMessage(batches[at]);
      worker.postMessage(null);
    });
    batches = [];
    const totals = await Promise.all(told);
    const ns = (performance.now() - start) * 1e6;
    this.bars = totals.reduce((sum, { bars }) => sum + bars, 0);
    this.volume = totals.reduce((sum, { volume }) => sum + volume, 0);
    return { operations: messages, ns, hash: String(this.bars) };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
