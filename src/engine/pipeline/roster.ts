/**
 * Who carries which shard: the threads, their shards, and the ways by which a shard comes to a thread. State and steps of the supervisor;
 * what causes them is decided in supervisor.ts and relocation.ts.
 *
 * A shard always belongs to exactly one thread here, even while that thread is dead and waits to be started again: then the shard comes up
 * with it, from its image.
 */
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { Placement } from "./placement.ts";
import type { SeatData, SeatOrder } from "./shard-seat.ts";
import type { SupervisorEvent, ThreadOrder, ThreadReport } from "./thread-orders.ts";
import type { ThreadWords } from "./thread-words.ts";

/** A thread as the supervisor holds it. */
export interface ThreadHandle {
  post(order: ThreadOrder): void;
  /** Ends it wherever it is; its end is told as onExit(). */
  terminate(): void;
}

/** How a thread tells the supervisor. */
export interface ThreadListener {
  onReport(report: ThreadReport): void;
  /** What it threw, or null. */
  onExit(code: number, cause: unknown): void;
}

/** The outside world of the supervisor. */
export interface SupervisorPorts {
  spawn(thread: number, orders: readonly SeatOrder[], listener: ThreadListener): ThreadHandle;
  /** To the main thread. */
  tell(event: SupervisorEvent): void;
  later(ms: number, run: () => void): void;
  /** Monotonic ns. */
  now(): number;
  /** Every thread has ended in good order. */
  onEnd(): void;
}

export interface Thread {
  readonly slot: number;
  /** Null from its end until it is started again. */
  handle: ThreadHandle | null;
  /** The shards that it has, or that are on their way to it. */
  readonly shards: Set<number>;
  isRunning: boolean;
  /** It is being removed: it gives its shards away. */
  isLeaving: boolean;
  /** It ended because it was told to. */
  hasStopped: boolean;
  /** Why it was ended by us. */
  verdict: string | null;
  heartbeat: number;
  movedAt: number;
}

export interface Seat {
  readonly data: SeatData;
  readonly input: GatedRing;
  readonly output: GatedRing;
  /** The thread that it goes to once the one that has it gives it; -1 for none. */
  moveTo: number;
  /** When it was found dead; -1 while it is well. */
  downSince: number;
  carefulTo: number | null;
  /** Cursor of the record at which it died last, where that is known. */
  diedAt: number | null;
}

export class Roster {
  readonly threads: Map<number, Thread> = new Map<number, Thread>();
  readonly seats: readonly Seat[];
  readonly placement: Placement;
  readonly words: ThreadWords;
  private readonly ports: SupervisorPorts;
  private readonly listen: (thread: Thread) => ThreadListener;

  /** `listen`: who hears a thread that is started. */
  constructor(words: ThreadWords, seats: readonly SeatData[], threads: number, ports: SupervisorPorts, listen: (thread: Thread) => ThreadListener) {
    this.words = words;
    this.ports = ports;
    this.listen = listen;
    this.placement = new Placement(seats.length, threads);
    this.seats = seats.map((data) => ({
      data,
      input: new GatedRing(data.input.buffer, data.input.byteOffset, data.input.capacity),
      output: new GatedRing(data.output.buffer, data.output.byteOffset, data.output.capacity),
      moveTo: -1,
      downSince: -1,
      carefulTo: null,
      diedAt: null,
    }));
  }

  /** True while a shard has been asked for and not been given. */
  get isMoving(): boolean {
    return this.seats.some((seat) => seat.moveTo >= 0);
  }

  /** The lowest number that no thread has. */
  freeSlot(): number {
    let slot = 0;
    while (this.threads.has(slot)) slot++;
    return slot;
  }

  /** A thread without shards, not started. */
  create(slot: number): Thread {
    const thread: Thread = {
      slot,
      handle: null,
      shards: new Set(),
      isRunning: false,
      isLeaving: false,
      hasStopped: false,
      verdict: null,
      heartbeat: 0,
      movedAt: 0,
    };
    this.threads.set(slot, thread);
    this.countSlots();
    return thread;
  }

  /** Starts a thread with its shards: from their images, or from their arenas as they stand. */
  spawn(thread: Thread, isRestored: boolean): void {
    thread.isRunning = false;
    thread.verdict = null;
    thread.movedAt = this.ports.now();
    thread.heartbeat = this.heartbeatOf(thread);
    const orders = [...thread.shards].map((shard) => this.orderFor(shard, isRestored));
    thread.handle = this.ports.spawn(thread.slot, orders, this.listen(thread));
  }

  /** Starts a dead thread again, unless it has been forgotten meanwhile. */
  respawn(thread: Thread): void {
    if (this.threads.get(thread.slot) === thread && thread.handle === null) this.spawn(thread, true);
  }

  /** The thread has this shard from here on. */
  hold(thread: Thread, shard: number): void {
    thread.shards.add(shard);
    this.placement.set(shard, thread.slot);
    this.words.setThreadOf(shard, thread.slot);
  }

  /** Takes a shard from a thread that no longer polls it, to where it was to go, or else to where the placement wants it. */
  pass(from: Thread, shard: number, isRestored: boolean): void {
    const seat = this.seats[shard];
    const to = this.threads.get(seat.moveTo >= 0 ? seat.moveTo : this.placement.of(shard)) ?? from;
    seat.moveTo = -1;
    from.shards.delete(shard);
    this.hold(to, shard);
    if (to.handle !== null) this.order(to, { kind: "take", order: this.orderFor(shard, isRestored) });
    if (to !== from) this.ports.tell({ kind: "moved", shard, from: from.slot, to: to.slot });
  }

  order(thread: Thread, order: ThreadOrder): void {
    thread.handle?.post(order);
    this.words.call(thread.slot);
  }

  /** The thread is gone for good. */
  forget(thread: Thread): void {
    this.threads.delete(thread.slot);
    this.countSlots();
  }

  /** Moves whenever the thread does: each turn, and each output that becomes visible within one. */
  heartbeatOf(thread: Thread): number {
    let sum = this.words.turns(thread.slot);
    for (const shard of thread.shards) sum = (sum + this.seats[shard].output.head) | 0;
    return sum;
  }

  /** Whether there is input that the thread could take: not while the merge holds it up. */
  hasWork(thread: Thread): boolean {
    if (this.words.waiting(thread.slot) >= 0) return false;
    for (const shard of thread.shards) if (this.seats[shard].input.head !== this.words.position(shard)) return true;
    return false;
  }

  private orderFor(shard: number, isRestored: boolean): SeatOrder {
    const { data, carefulTo } = this.seats[shard];
    return { data, isRestored, carefulTo: isRestored ? carefulTo : null };
  }

  private countSlots(): void {
    this.words.slots = Math.max(-1, ...this.threads.keys()) + 1;
  }
}
