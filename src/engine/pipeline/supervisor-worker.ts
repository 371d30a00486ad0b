/**
 * Entry module of the supervisor's thread: gives the supervisor real threads, a clock, and the main thread's mailbox.
 *
 * It only waits for events, so that a death is seen at once whatever the main thread is doing. Its own fault is told as the end of the run.
 */
import { workerData, Worker, type WorkerOptions } from "node:worker_threads";
import { LiveClock } from "../../kernel/core/clock.ts";
import type { SupervisorPorts, ThreadHandle, ThreadListener } from "./roster.ts";
import type { SeatOrder } from "./shard-seat.ts";
import { Supervisor, textsOf } from "./supervisor.ts";
import type { ShardThreadData, SupervisorCommand, SupervisorData, SupervisorEvent, ThreadOrder, ThreadReport } from "./thread-orders.ts";
import { ThreadWords } from "./thread-words.ts";

/** Between two looks at the heartbeats. */
const TICK_MS = 20;

function main({ seats, batch, idle, anchorNs, plan, entry, extra, port, words: memory }: SupervisorData): void {
  const words = new ThreadWords(memory);
  const clock = new LiveClock(0, anchorNs);
  const limits: WorkerOptions = plan.heapMb === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: plan.heapMb } };
  const tell = (event: SupervisorEvent): void => {
    port.postMessage(event);
    words.addEvent();
  };
  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (cause) {
      tell({ kind: "failed", verdict: "supervisor", shard: -1, cursor: null, restarts: 0, ...textsOf(cause) });
    }
  };
  const spawn = (thread: number, orders: readonly SeatOrder[], listener: ThreadListener): ThreadHandle => {
    const threadData: ShardThreadData = { thread, words: words.buffer, batch, idle, orders, extra };
    const worker = new Worker(new URL(entry), { workerData: threadData, ...limits });
    let thrown: unknown = null;
    worker.on("message", (report: ThreadReport) => guarded(() => listener.onReport(report)));
    worker.on("error", (cause) => (thrown = cause));
    worker.on("exit", (code) => guarded(() => listener.onExit(code, thrown)));
    return { post: (order: ThreadOrder) => worker.postMessage(order), terminate: () => void worker.terminate() };
  };
  let timer: NodeJS.Timeout | null = null;
  const ports: SupervisorPorts = {
    spawn,
    tell,
    later: (ms, run) => void setTimeout(() => guarded(run), ms),
    now: () => clock.now(),
    onEnd() {
      if (timer !== null) clearInterval(timer);
      port.close();
    },
  };
  guarded(() => {
    const supervisor = new Supervisor(words, seats, batch, plan, ports);
    port.on("message", (command: SupervisorCommand) => guarded(() => supervisor.command(command)));
    timer = setInterval(() => guarded(() => supervisor.tick()), TICK_MS);
    supervisor.start();
  });
}

main(workerData as SupervisorData);
