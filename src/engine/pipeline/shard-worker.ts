/**
 * Entry module of a shards' thread: attaches to what the supervisor gives it, and runs until it is told to stop.
 */
import { parentPort, workerData } from "node:worker_threads";
import { StreamError } from "../../kernel/core/errors.ts";
import { ShardThread } from "./shard-thread.ts";
import type { ShardThreadData } from "./thread-orders.ts";

if (parentPort === null) throw new StreamError("INVARIANT", "shard-worker is the entry of a worker thread");
new ShardThread(workerData as ShardThreadData, parentPort).run();
