/** A worker of the postMessage rival: the rxjs pipeline over batches of plain objects. */
import { parentPort, type MessagePort } from "node:worker_threads";
import { RxPipeline, type Message } from "./rx-pipeline.ts";

/** What a worker closed. */
export interface ObjectTotals {
  readonly bars: number;
  readonly volume: number;
}

function serve(port: MessagePort): void {
  let rx = new RxPipeline();
  port.on("message", (batch: readonly Message[] | null) => {
    if (batch !== null) {
      for (const message of batch) rx.accept(message);
      return;
    }
    rx.end();
    const totals: ObjectTotals = { bars: rx.bars, volume: rx.volume };
    port.postMessage(totals);
    rx = new RxPipeline();
  });
}

if (parentPort !== null) serve(parentPort);
