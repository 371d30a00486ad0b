/**
 * Shards on threads; ingest, merge and sinks stay in this thread. Same records, same order, same hash as the inline driver.
 *
 * A supervisor in a thread of its own starts the shards' threads and brings back the shards of one that dies; what it has to say is read here
 * without turning the event loop, so a death is known even while ingest waits for room. Threads can be added and removed while the run goes
 * on. A shard that waits for room in its output ring may keep others on its thread from being polled: when the merge waits for one of those,
 * the full ring is emptied aside.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from "node:worker_threads";
import type { LiveClock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { IdleName } from "../../kernel/ring/idle.ts";
import type { Assembly } from "./assembly.ts";
import type { Backpressure } from "./backpressure.ts";
import { loopTurn } from "./loop-turn.ts";
import type { Drill } from "./drill.ts";
import { RESTARTS_MAX } from "./restart-policy.ts";
import type { Driver } from "./run.ts";
import { shardDied } from "./shard-died.ts";
import type { ShardOutage } from "./shard-outage.ts";
import type { SupervisorCommand, SupervisorData, SupervisorEvent } from "./thread-orders.ts";
import { ThreadWords } from "./thread-words.ts";

/** Longest nap of this thread while a ring is full or outputs are awaited. */
const NAP_MS = 1;
/** A wait that was not looked at for so long is a new wait: this thread was elsewhere, writing a checkpoint or pacing a replay. */
const NEW_WAIT_NS = 1e9;
const DEFAULT_STALL_NS = 5e9;
/** The supervisor finds a thread that stands still; this thread gives up when nothing at all moves for so much longer. */
const PATIENCE_NS = 30e9;

export interface ThreadedOptions {
  /** Records that a shard takes at once. */
  readonly batch: number;
  /** Threads at the start; null or left out is one for each shard. */
  readonly threads?: number | null;
  /** Move shards from the busiest thread to the idlest when the imbalance lasts. */
  readonly rebalance?: boolean;
  /** What a shards' thread does without input; it sleeps if left out, because threads that spin on cores that they share starve each other. */
  readonly idle?: IdleName | undefined;
  /** How long a thread may stand still with input waiting. */
  readonly stallNs?: number;
  /** Restarts of a shard within a minute before its death ends the run. */
  readonly restartsMax?: number;
  /** Old generation of each shards' thread in MB; null or left out is Node's own limit. */
  readonly heapMb?: number | null;
  /** Told while shards are down. */
  readonly outage?: ShardOutage | null;
  readonly drill?: Drill | null;
  /** Told of each death that the run survives. */
  readonly onDeath?: (shards: readonly number[], cause: string) => void;
  /** An entry module of the caller's own for the shards' threads, which runs a ShardThread; `extra` comes with its data. */
  readonly entry?: URL;
  readonly extra?: unknown;
}

/** What was needed to keep the shards carried. */
export interface RecoveryReport {
  /** Threads that died and were replaced. */
  restarts: number;
  /** Outputs that a dead thread had published and its successor made again. */
  repeated: number;
  /** Longest time from a death to the moment in which its shard had caught up, ns; null without one. */
  longestNs: number | null;
  /** Shards that went from one thread to another. */
  moves: number;
}

/** What became of a thread that was added or removed. */
export interface Relocated {
  readonly thread: number;
  /** The shards that moved. */
  readonly shards: readonly number[];
}

interface Waiter {
  readonly resolve: (relocated: Relocated) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadedDriver implements Driver {
  readonly ingestPressure: Backpressure;
  readonly outputPressure: Backpressure;
  readonly recovery: RecoveryReport = { restarts: 0, repeated: 0, longestNs: null, moves: 0 };
  private readonly clock: LiveClock;
  private readonly options: ThreadedOptions;
  private readonly stallNs: number;
  private assembly: Assembly | null = null;
  private words: ThreadWords = ThreadWords.create(0);
  private worker: Worker | null = null;
  private port: MessagePort | null = null;
  private timer: NodeJS.Timeout | null = null;
  private ended: Promise<void> = Promise.resolve();
  private heard = 0;
  private failure: unknown = null;
  private hasStopped = false;
  private stoppedGcEvents = 0;
  private readonly waiters = new Map<number, Waiter>();
  private asked = 0;
  private lastMoveNs = 0;
  private lastLookNs = 0;
  private lastProgress = -1;
  private lastBeat = -1;

  constructor(clock: LiveClock, options: ThreadedOptions) {
    this.clock = clock;
    this.options = options;
    this.stallNs = options.stallNs ?? DEFAULT_STALL_NS;
    this.ingestPressure = { relieve: (ring) => this.makeRoom(ring) };
    this.outputPressure = {
      relieve() {
        throw new StreamError("INVARIANT", "a shard emitted outside its thread");
      },
    };
  }

  /** USAGE for fewer than one thread or more than shards. */
  attach(assembly: Assembly): void {
    const { threads = null } = this.options;
    const shards = assembly.shards.length;
    if (threads !== null && (!Number.isInteger(threads) || threads < 1 || threads > shards))
      throw new StreamError("USAGE", `expected 1 to ${shards} threads for ${shards} shards, got ${threads}`, { threads });
    this.assembly = assembly;
    this.words = ThreadWords.create(shards);
  }

  /** Collections seen in the shards' threads; known after finish(). */
  get gcEvents(): number {
    return this.stoppedGcEvents;
  }

  /** True when each shard has a thread that runs: it takes a while after start(). */
  get isCarried(): boolean {
    const { words } = this;
    return this.attached().shards.every((_, shard) => words.threadOf(shard) >= 0 && words.turns(words.threadOf(shard)) !== 0);
  }

  /** Records in the input ring of a shard that it has not taken. */
  backlog(shard: number): number {
    return (this.attached().inRings[shard].head - this.words.position(shard)) | 0;
  }

  start(): void {
    const assembly = this.attached();
    const { options } = this;
    const shards = assembly.shards.length;
    const state = assembly.lifecycle.load();
    assembly.inRings.forEach((ring, shard) => this.words.setPosition(shard, ring.position));
    assembly.commitImages(state);
    const { port1, port2 } = new MessageChannel();
    const data: SupervisorData = {
      words: this.words.buffer,
      seats: assembly.shards.map((_, shard) => assembly.seatData(shard, this.clock.anchorNs)),
      batch: options.batch,
      idle: options.idle ?? "park",
      anchorNs: this.clock.anchorNs,
      plan: {
        threads: options.threads ?? shards,
        rebalance: options.rebalance ?? false,
        stallNs: this.stallNs,
        restartsMax: assembly.images.length === 0 ? 0 : (options.restartsMax ?? RESTARTS_MAX),
        heapMb: options.heapMb ?? null,
      },
      entry: (options.entry ?? moduleBeside("shard-worker")).href,
      extra: options.extra ?? null,
      port: port2,
    };
    const worker = new Worker(moduleBeside("supervisor-worker"), { workerData: data, transferList: [port2] });
    this.port = port1;
    this.worker = worker;
    port1.on("message", (event: SupervisorEvent) => this.hear(event));
    this.ended = new Promise((resolve) => {
      worker.on("error", (cause) => (this.failure ??= new StreamError("SHARD_DIED", `the shards' supervisor died: ${cause}`, {}, cause)));
      worker.on("exit", (code) => {
        if (!this.hasStopped) this.failure ??= new StreamError("SHARD_DIED", `the shards' supervisor ended with code ${code}`, { code });
        resolve();
      });
    });
    // Between two pieces of a slow source outputs go out, and deaths are heard, when the event loop turns.
    this.timer = setInterval(() => this.betweenPieces(), NAP_MS);
  }

  afterPiece(): void {
    if (this.failure !== null) throw this.failure; // a sink that refused is not asked again
    const { ingest } = this.attached();
    ingest.pump();
    this.words.ringAll();
    this.release(-1);
    this.requireWell();
    this.practise();
    if (ingest.waiting > 0) this.requireMoving(); // nobody waits for room, so nobody else would see that nothing moves
  }

  async finish(): Promise<void> {
    const { collector } = this.attached();
    while (!collector.isEnded) {
      const { received } = collector;
      this.afterPiece();
      if (collector.isEnded) break;
      this.requireMoving();
      await (collector.received === received ? nap() : this.breathe());
    }
    this.command({ kind: "stop" });
    while (!this.hasStopped) {
      this.requireWell();
      await nap();
    }
    await this.ended;
    this.close();
  }

  async abort(): Promise<void> {
    this.hasStopped = true;
    await this.worker?.terminate();
    this.close();
  }

  breathe(): Promise<void> {
    return loopTurn();
  }

  /** One thread more; resolves when it has its share of the shards. USAGE when each shard has a thread of its own. */
  async addThread(): Promise<Relocated> {
    return this.ask((id) => ({ kind: "add", id }));
  }

  /** One thread less; resolves when its shards are carried by others and it has ended. USAGE for an unknown thread or the last one. */
  async removeThread(thread: number): Promise<Relocated> {
    return this.ask((id) => ({ kind: "remove", id, thread }));
  }

  /** Ends a thread at once, wherever it is, as if it had died. Nothing happens when there is none of this number. */
  terminateThread(thread: number): void {
    this.command({ kind: "terminate", thread });
  }

  private async ask(command: (id: number) => SupervisorCommand): Promise<Relocated> {
    this.requireWell();
    const id = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiters.set(id, { resolve, reject });
      this.command(command(id));
    });
  }

  private command(command: SupervisorCommand): void {
    this.port?.postMessage(command);
  }

  private makeRoom(ring: GatedRing): void {
    this.words.ringAll();
    if (this.release(this.attached().inRings.indexOf(ring)) === 0) ring.parkProducer(NAP_MS);
    this.requireWell();
    this.requireMoving();
  }

  /** Lets out what can be let out; `full` is the shard whose input ring ingest waits for, or -1. */
  private release(full: number): number {
    const assembly = this.attached();
    const released = assembly.collector.poll();
    if (released === 0) this.unblock(assembly, full);
    return released;
  }

  /**
   * The merge waits for a shard that said nothing, or ingest for one that takes nothing, because another shard of its thread waits for room
   * in its output ring, which only the merge could make. Threads that carry one shard never need this: see ShardSeat.
   */
  private unblock({ outputs }: Assembly, full: number): void {
    const { words } = this;
    for (let shard = 0; shard < outputs.length; shard++) {
      if (shard !== full && outputs[shard].available() > 0) continue;
      const thread = words.threadOf(shard);
      const blocked = thread < 0 ? -1 : words.waiting(thread);
      if (blocked >= 0 && blocked !== shard) outputs[blocked].spill();
    }
  }

  private betweenPieces(): void {
    if (this.failure !== null || this.hasStopped) return;
    try {
      this.words.ringAll();
      this.release(-1);
      this.listen();
    } catch (error) {
      this.failure = error; // told with the next piece
    }
  }

  private practise(): void {
    const { drill = null } = this.options;
    if (drill === null || this.words.down > 0) return;
    const taken = this.attached().shards.reduce((sum, shard) => sum + shard.consumed, 0);
    const thread = drill.due(taken, this.words.slots);
    if (thread >= 0) this.terminateThread(thread);
  }

  private requireWell(): void {
    this.listen();
    if (this.failure !== null) throw this.failure;
  }

  /** Opens the mailbox when there is something in it: the event loop need not turn for that. */
  private listen(): void {
    const { port, words } = this;
    if (port === null) return;
    while (words.events !== this.heard) {
      const mail = receiveMessageOnPort(port);
      if (mail === undefined) return;
      this.hear(mail.message as SupervisorEvent);
    }
  }

  private hear(event: SupervisorEvent): void {
    this.heard = (this.heard + 1) | 0;
    const { recovery } = this;
    if (event.kind === "died") {
      recovery.restarts++;
      this.options.onDeath?.(event.shards, event.cause);
    } else if (event.kind === "recovered") {
      recovery.repeated += event.repeated;
      recovery.longestNs = Math.max(recovery.longestNs ?? 0, event.ns);
    } else if (event.kind === "moved") recovery.moves++;
    else if (event.kind === "failed") this.fail(shardDied(event, this.attached()));
    else if (event.kind === "done") this.answer(event.id, event.thread, event.shards, event.refusal);
    else {
      this.hasStopped = true;
      this.stoppedGcEvents = event.gcEvents;
    }
    this.options.outage?.report(this.words.down > 0);
  }

  private answer(id: number, thread: number, shards: readonly number[], refusal: string | null): void {
    const waiter = this.waiters.get(id);
    this.waiters.delete(id);
    if (refusal === null) waiter?.resolve({ thread, shards });
    else waiter?.reject(new StreamError("USAGE", `the threads stay as they are: ${refusal}`));
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    for (const waiter of this.waiters.values()) waiter.reject(error);
    this.waiters.clear();
  }

  /** Called again and again while waiting: SHARD_DIED when nothing at all has moved for long, the supervisor that brings shards back included. */
  private requireMoving(): void {
    const { shards, collector } = this.attached();
    const now = this.clock.now();
    let progress = collector.received;
    let waiting = 0;
    for (let i = 0; i < shards.length; i++) {
      progress += shards[i].consumed + shards[i].emitted;
      waiting += this.backlog(i);
    }
    const { beat } = this.words;
    const isRecovering = this.words.down > 0 && beat !== this.lastBeat;
    if (progress !== this.lastProgress || now - this.lastLookNs > NEW_WAIT_NS || waiting === 0 || isRecovering) this.lastMoveNs = now;
    this.lastProgress = progress;
    this.lastBeat = beat;
    this.lastLookNs = now;
    const still = now - this.lastMoveNs;
    if (still > this.stallNs + PATIENCE_NS)
      throw new StreamError("SHARD_DIED", `the shards stood still for ${Math.round(still / 1e9)} s with input waiting`, { stillNs: still });
  }

  private close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.port?.close();
    this.port = null;
    this.options.outage?.report(false);
    for (const waiter of this.waiters.values()) waiter.reject(this.failure ?? new StreamError("USAGE", "the run has ended"));
    this.waiters.clear();
  }

  private attached(): Assembly {
    if (this.assembly === null) throw new StreamError("INVARIANT", "the threaded driver was started without an assembly");
    return this.assembly;
  }
}

/** A module of this folder, as source or built. */
function moduleBeside(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}

/** Leaves the core to the shards for a moment. */
async function nap(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, NAP_MS));
}
