/**
 * Loaded before everything else into every thread of a measured run (node --import). In a shard's thread it stands before Shard.poll
 * and weighs that thread's garbage from one poll to a later one, so that its waiting counts too; in others it does nothing. A thread's
 * report is one line of JSON on the process's standard output when its shard has ended.
 */
import { writeSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import { Shard } from "../../src/engine/pipeline/shard.ts";
import { GarbageProbe } from "./garbage-probe.ts";
import { measuredRun } from "./measured-run.ts";

const STDOUT = 1;

function watchShards(): void {
  const run = measuredRun();
  const share = { ...run, warmUpRecords: run.warmUpRecords / run.shards, windowRecords: run.windowRecords / run.shards };
  const probe = new GarbageProbe(`shard, thread ${threadId}`, share);
  const poll: (this: Shard, limit: number) => number = Reflect.get(Shard.prototype, "poll");
  let consumed = 0;
  Shard.prototype.poll = function pollWatched(this: Shard, limit: number): number {
    probe.at(consumed);
    const count = poll.call(this, limit);
    consumed += count;
    if (count > 0 && this.isEnded) {
      probe.end(consumed);
      writeSync(STDOUT, `${JSON.stringify(probe.report())}\n`);
    }
    return count;
  };
}

if (!isMainThread) watchShards();
