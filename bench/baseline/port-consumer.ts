/** A consumer of messages: sums what it gets, and tells its parent when it listens and at the end of each round. */
import { BroadcastChannel, parentPort, workerData } from "node:worker_threads";
import type { PortTask, TradeMessage } from "./message-ports.ts";

const { port, channel } = workerData as PortTask;
let sum = 0;

/** The last message of a round is its number 0. */
function take({ sequence, price, qty }: TradeMessage): void {
  sum += price + qty;
  if (sequence !== 0) return;
  parentPort?.postMessage(sum);
  sum = 0;
}

if (port !== null) port.on("message", take);
if (channel !== null) new BroadcastChannel(channel).addEventListener("message", (event) => take((event as unknown as { readonly data: TradeMessage }).data));
parentPort?.postMessage("listening");
