/**
 * Keeps the shards carried: starts the threads, and brings back the shards of one that died or hangs.
 *
 * A dead thread is replaced; its shards go on from their committed images, and every input behind those is still in their rings. A hang is a
 * heartbeat that stands still while there is input and the thread does not wait for room; it is ended and counts as a death. A shard that
 * dies twice at the same record, or too often, ends the run. It lives in a thread of its own with an event loop that nothing blocks, so
 * deaths are seen while the main thread waits for room. Pure but for its ports: tests drive it without threads.
 */
import { Relocation } from "./relocation.ts";
import { RestartPolicy } from "./restart-policy.ts";
import { Roster, type SupervisorPorts, type Thread, type ThreadListener } from "./roster.ts";
import type { SeatData } from "./shard-seat.ts";
import type { SupervisionPlan, SupervisorCommand, ThreadReport, Verdict } from "./thread-orders.ts";
import type { ThreadWords } from "./thread-words.ts";

/** How long a thread may take to start: its modules are loaded and compiled then. */
const START_NS = 20e9;
/** A time that was not looked at for so long is a new time: the process was stopped. */
const NEW_TIME_NS = 1e9;

export class Supervisor {
  private readonly words: ThreadWords;
  private readonly batch: number;
  private readonly plan: SupervisionPlan;
  private readonly ports: SupervisorPorts;
  private readonly roster: Roster;
  private readonly relocation: Relocation;
  private readonly policy: RestartPolicy;
  private isStopping = false;
  private hasFailed = false;
  private gcEvents = 0;
  private lastTickNs: number;

  constructor(words: ThreadWords, seats: readonly SeatData[], batch: number, plan: SupervisionPlan, ports: SupervisorPorts) {
    this.words = words;
    this.batch = batch;
    this.plan = plan;
    this.ports = ports;
    this.roster = new Roster(words, seats, plan.threads, ports, (thread) => this.listenerOf(thread));
    this.relocation = new Relocation(this.roster, ports);
    this.policy = new RestartPolicy(seats.length, plan.restartsMax);
    this.lastTickNs = ports.now();
  }

  start(): void {
    const { roster } = this;
    for (const slot of roster.placement.threads) {
      const thread = roster.create(slot);
      for (const shard of roster.placement.shardsOf(slot)) roster.hold(thread, shard);
      roster.spawn(thread, false);
    }
  }

  command(command: SupervisorCommand): void {
    if (command.kind === "terminate") this.terminate(command.thread);
    else if (command.kind === "stop") {
      this.isStopping = true;
      for (const thread of this.roster.threads.values()) this.stopIfDone(thread);
    } else this.relocation.ask(command);
  }

  /** Call it every so often: looks for threads that hang, and at the load. */
  tick(): void {
    const now = this.ports.now();
    this.words.addBeat();
    const isNew = now - this.lastTickNs > NEW_TIME_NS;
    this.lastTickNs = now;
    for (const thread of this.roster.threads.values()) this.watch(thread, now, isNew);
    if (this.plan.rebalance && !this.isStopping) this.relocation.weigh(now);
  }

  private terminate(slot: number): void {
    const thread = this.roster.threads.get(slot);
    if (thread === undefined || thread.handle === null) return;
    thread.verdict ??= "was ended from outside";
    thread.handle.terminate();
  }

  private listenerOf(thread: Thread): ThreadListener {
    return { onReport: (report) => this.onReport(thread, report), onExit: (code, cause) => this.onExit(thread, code, cause) };
  }

  private onReport(thread: Thread, report: ThreadReport): void {
    if (report.kind === "running") {
      thread.isRunning = true;
      if (!this.isStopping) this.relocation.onRunning(thread);
    } else if (report.kind === "given") this.roster.pass(thread, report.shard, false);
    else if (report.kind === "recovered") this.onRecovered(report.shard, report.repeated);
    else {
      thread.hasStopped = true;
      this.gcEvents += report.gcEvents;
    }
    this.stopIfDone(thread);
    this.relocation.settle();
  }

  private onRecovered(shard: number, repeated: number): void {
    const seat = this.roster.seats[shard];
    seat.carefulTo = null;
    if (seat.downSince < 0) return;
    const ns = this.ports.now() - seat.downSince;
    seat.downSince = -1;
    this.countDown();
    this.ports.tell({ kind: "recovered", shard, ns, repeated });
  }

  private onExit(thread: Thread, code: number, cause: unknown): void {
    thread.handle = null;
    thread.isRunning = false;
    if (this.hasFailed) return;
    if (thread.hasStopped) this.dismiss(thread);
    else this.onDeath(thread, cause ?? (thread.verdict === null ? `it ended with code ${code}` : `it ${thread.verdict}`));
    this.relocation.settle();
  }

  private dismiss(thread: Thread): void {
    this.roster.forget(thread);
    if (!this.isStopping || this.roster.threads.size > 0) return;
    this.ports.tell({ kind: "stopped", gcEvents: this.gcEvents });
    this.ports.onEnd();
  }

  private onDeath(thread: Thread, cause: unknown): void {
    const { words } = this;
    const killed = words.taking(thread.slot);
    const at = words.takingAt(thread.slot);
    const isExact = words.isExact(thread.slot);
    words.bury(thread.slot);
    const shards = [...thread.shards];
    if (shards.length === 0) {
      this.replaceEmpty(thread);
      return;
    }
    if (this.plan.restartsMax === 0) {
      this.fail("unprotected", killed >= 0 ? killed : shards[0], isExact ? at : null, cause);
      return;
    }
    if (killed >= 0 && this.isPoison(killed, at, isExact)) {
      this.fail("again at the same record", killed, at, cause);
      return;
    }
    const now = this.ports.now();
    const waits = shards.map((shard) => this.policy.died(shard, now));
    const spent = waits.indexOf(null);
    if (spent >= 0) {
      this.fail("too many restarts", shards[spent], null, cause);
      return;
    }
    this.bringBack(thread, shards, Math.max(...waits.map((wait) => wait ?? 0)), cause);
  }

  private bringBack(thread: Thread, shards: readonly number[], waitMs: number, cause: unknown): void {
    const { roster, ports } = this;
    for (const shard of shards) if (roster.seats[shard].downSince < 0) roster.seats[shard].downSince = ports.now();
    this.countDown();
    ports.tell({ kind: "died", thread: thread.slot, shards, cause: textsOf(cause).why });
    // One that was on its way to another thread comes up there.
    for (const shard of shards) if (thread.isLeaving || roster.seats[shard].moveTo >= 0) roster.pass(thread, shard, true);
    if (thread.isLeaving) this.dismiss(thread);
    else ports.later(waitMs, () => this.respawn(thread));
  }

  private respawn(thread: Thread): void {
    if (!this.hasFailed) this.roster.respawn(thread);
  }

  private replaceEmpty(thread: Thread): void {
    if (thread.isLeaving) this.dismiss(thread);
    else if (!this.relocation.hasLost(thread)) this.ports.later(0, () => this.respawn(thread));
  }

  /**
   * Whether a shard died at the very record at which it had died before. How a thread dies does not always tell the record: after the first
   * death they are taken one by one, so that the next one does.
   */
  private isPoison(shard: number, at: number, isExact: boolean): boolean {
    const seat = this.roster.seats[shard];
    if (isExact && seat.diedAt === at) return true;
    seat.diedAt = isExact ? at : null;
    seat.carefulTo = (at + (isExact ? 1 : this.batch)) | 0;
    return false;
  }

  private fail(verdict: Verdict, shard: number, cursor: number | null, cause: unknown): void {
    this.hasFailed = true;
    this.ports.tell({ kind: "failed", verdict, shard, cursor, restarts: this.policy.count(shard), ...textsOf(cause) });
  }

  private countDown(): void {
    this.words.down = this.roster.seats.reduce((sum, seat) => sum + (seat.downSince < 0 ? 0 : 1), 0);
  }

  /** Ends a thread that has nothing more to do: at the end of the run, once its shards are well, or when it gave them away. */
  private stopIfDone(thread: Thread): void {
    if (!thread.isRunning || thread.hasStopped) return;
    const isWell = [...thread.shards].every((shard) => this.roster.seats[shard].downSince < 0);
    if (this.isStopping ? isWell : thread.isLeaving && thread.shards.size === 0) this.roster.order(thread, { kind: "stop" });
  }

  private watch(thread: Thread, now: number, isNew: boolean): void {
    if (thread.handle === null || thread.hasStopped) return;
    const heartbeat = this.roster.heartbeatOf(thread);
    if (heartbeat !== thread.heartbeat || isNew || (thread.isRunning && !this.roster.hasWork(thread))) {
      thread.heartbeat = heartbeat;
      thread.movedAt = now;
      return;
    }
    const limit = thread.isRunning ? this.plan.stallNs : Math.max(START_NS, this.plan.stallNs);
    if (now - thread.movedAt < limit || thread.verdict !== null) return;
    thread.verdict = `stood still for ${(limit / 1e9).toFixed(1)} s with input waiting`;
    thread.handle.terminate();
  }
}

/** What an error says, as text: an error that comes from another thread is not always an Error of this one, and may not survive the next way. */
export function textsOf(cause: unknown): { readonly why: string; readonly stack: string | null } {
  const isError = typeof cause === "object" && cause !== null && "message" in cause;
  return { why: isError ? String(cause.message) : String(cause), stack: isError && "stack" in cause ? String(cause.stack) : null };
}
