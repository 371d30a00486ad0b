/**
 * Moves shards between threads while the run goes on: for a thread that is added or removed, and from the busiest to the idlest when the
 * imbalance lasts. One relocation at a time; the next waits.
 *
 * A clean move restores nothing: the thread that has the shard finishes its poll, lets the shard go and says so; the next one attaches to
 * the same arena and rings and goes on at the same cursors. A thread that dies on the way is as any dead thread.
 */
import type { Move } from "./placement.ts";
import type { Roster, SupervisorPorts, Thread } from "./roster.ts";
import { THREADS_MAX } from "./thread-words.ts";

/** ns between two measurements of the load, and so many of them must agree before a shard is moved. */
const LOAD_NS = 500e6;
const LOADS_AGREEING = 3;
/** A relocation that nobody asked for. */
const UNASKED = -1;

/** The relocation that is going on. */
interface Going {
  readonly id: number;
  readonly thread: number;
  /** The shards that move. */
  readonly shards: number[];
  /** The thread was added and does not run yet: nothing moves before it does. */
  isStarting: boolean;
}

type Command = { readonly kind: "add"; readonly id: number } | { readonly kind: "remove"; readonly id: number; readonly thread: number };

export class Relocation {
  private readonly roster: Roster;
  private readonly ports: SupervisorPorts;
  private readonly waiting: Command[] = [];
  private current: Going | null = null;
  private measuredAt = 0;
  /** Where each shard was at the last measurement. */
  private readonly positions: number[];
  private overloaded = -1;
  private agreeing = 0;

  constructor(roster: Roster, ports: SupervisorPorts) {
    this.roster = roster;
    this.ports = ports;
    this.measuredAt = ports.now();
    this.positions = roster.seats.map(({ data }) => roster.words.position(data.index));
  }

  /** Asks for a thread more or less; answered by a `done` event. */
  ask(command: Command): void {
    this.waiting.push(command);
    this.next();
  }

  /** A thread runs: one that was added gets its shards now, and until then they stayed where they were. */
  onRunning(thread: Thread): void {
    if (this.current === null || this.current.thread !== thread.slot || !this.current.isStarting) return;
    this.current.isStarting = false;
    this.begin(this.roster.placement.add(thread.slot));
  }

  /** A thread without shards has died. True when it was to be added: then it is not, and the one who asked is told. */
  hasLost(thread: Thread): boolean {
    const { current } = this;
    if (current === null || current.thread !== thread.slot || !current.isStarting) return false;
    this.roster.forget(thread);
    this.refuse(current.id, `thread ${thread.slot} died while it started`);
    return true;
  }

  /** Call it after every change: ends a relocation that is complete. */
  settle(): void {
    const { current, roster } = this;
    if (current === null || current.isStarting || roster.isMoving) return;
    if (roster.threads.get(current.thread)?.isLeaving === true) return; // until it is gone
    this.current = null;
    if (current.id !== UNASKED) this.ports.tell({ kind: "done", id: current.id, thread: current.thread, shards: current.shards, refusal: null });
    this.next();
  }

  /** Measures the load of each shard, in records taken, and moves one when the same thread has been too busy for long enough. */
  weigh(now: number): void {
    if (now - this.measuredAt < LOAD_NS) return;
    this.measuredAt = now;
    const { roster, positions } = this;
    const load = positions.map((before, shard) => {
      positions[shard] = roster.words.position(shard);
      return Math.max(0, (positions[shard] - before) | 0); // back, when it was restored
    });
    if (this.current !== null || roster.seats.some((seat) => seat.downSince >= 0)) return;
    const move = roster.placement.relief(load);
    this.agreeing = move !== null && move.from === this.overloaded ? this.agreeing + 1 : 1;
    this.overloaded = move?.from ?? -1;
    if (move === null || this.agreeing < LOADS_AGREEING) return;
    this.agreeing = 0;
    this.current = { id: UNASKED, thread: move.to, shards: [], isStarting: false };
    this.begin([move]);
  }

  private next(): void {
    if (this.current !== null) return;
    const command = this.waiting.shift();
    if (command?.kind === "add") this.add(command.id);
    else if (command?.kind === "remove") this.remove(command.id, command.thread);
  }

  private add(id: number): void {
    const { roster } = this;
    if (roster.placement.threads.length >= Math.min(roster.seats.length, THREADS_MAX)) {
      this.refuse(id, "each shard has a thread of its own already");
      return;
    }
    const slot = roster.freeSlot();
    this.current = { id, thread: slot, shards: [], isStarting: true };
    roster.spawn(roster.create(slot), false);
  }

  private remove(id: number, slot: number): void {
    const { roster } = this;
    const thread = roster.threads.get(slot);
    const refusal = thread === undefined ? `there is no thread ${slot}` : roster.placement.threads.length < 2 ? "it is the last thread" : null;
    if (thread === undefined || refusal !== null) {
      this.refuse(id, refusal ?? "");
      return;
    }
    thread.isLeaving = true;
    this.current = { id, thread: slot, shards: [], isStarting: false };
    this.begin(roster.placement.remove(slot));
    if (thread.handle === null) roster.forget(thread);
    else if (thread.isRunning && thread.shards.size === 0) roster.order(thread, { kind: "stop" });
    this.settle();
  }

  private refuse(id: number, refusal: string): void {
    this.current = null;
    this.ports.tell({ kind: "done", id, thread: -1, shards: [], refusal });
    this.next();
  }

  private begin(moves: readonly Move[]): void {
    const { roster } = this;
    for (const { shard, from, to } of moves) {
      const thread = roster.threads.get(from);
      if (thread === undefined) continue;
      this.current?.shards.push(shard);
      roster.seats[shard].moveTo = to;
      if (thread.handle === null) roster.pass(thread, shard, true); // its thread is to be started again: it comes up elsewhere
      else roster.order(thread, { kind: "give", shard });
    }
    this.settle();
  }
}
