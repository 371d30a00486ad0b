/**
 * What a shards' thread does: carries one or more shards, polls them in turn, takes and gives shards when its mailbox says so, and sleeps on
 * its bell when all of them are idle. Nothing is allocated in a turn, but while shards are being recovered.
 *
 * It has no sockets and no event loop to serve. Several rings cannot be waited for at once, so a thread has one bell of its own, which the
 * main thread rings after each piece of input, and only when the thread sleeps: one load a piece. A thread that dies says nothing; the
 * supervisor sees its end.
 */
import { GCProfiler } from "node:v8";
import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import { createIdle, type Idle, type Parkable } from "../../kernel/ring/idle.ts";
import { ShardSeat, type SeatOrder } from "./shard-seat.ts";
import type { ShardThreadData, ThreadOrder, ThreadReport } from "./thread-orders.ts";
import { ThreadWords } from "./thread-words.ts";

/** Longest sleep while there is input that may not be taken yet. */
const NAP_MS = 1;

export class ShardThread implements Parkable {
  private readonly thread: number;
  private readonly words: ThreadWords;
  private readonly port: MessagePort;
  private readonly batch: number;
  private seats: ShardSeat[] = [];
  /** Those that make again what a thread before this one had made. */
  private recovering: ShardSeat[] = [];
  private readonly idle: Idle;
  private control: number;
  /** Turns without work since the last work. */
  private barrenTurns = 0;
  private isStopped = false;

  constructor(data: ShardThreadData, port: MessagePort) {
    this.thread = data.thread;
    this.words = new ThreadWords(data.words);
    this.port = port;
    this.batch = data.batch;
    this.idle = createIdle(data.idle);
    this.control = this.words.control(this.thread);
    for (const order of data.orders) this.take(order);
    this.openMailbox(); // what was said while this thread started
    this.tell({ kind: "running" });
  }

  /** Until it is told to stop. Throws what a shard throws, after it has said in the words at which record. */
  run(): void {
    const profiler = new GCProfiler();
    profiler.start();
    try {
      while (!this.isStopped) this.turn();
    } catch (error) {
      const shard = this.words.taking(this.thread);
      const seat = this.seats.find(({ index }) => index === shard);
      if (seat !== undefined) this.words.setTaking(this.thread, shard, seat.shard.cursor, true);
      throw error;
    }
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    for (const seat of this.seats) seat.end(gcEvents);
    this.tell({ kind: "stopped", gcEvents });
  }

  /** One look at the mailbox, one poll of each shard. */
  private turn(): void {
    const { words, thread } = this;
    words.addTurn(thread);
    if (words.control(thread) !== this.control) this.openMailbox();
    let work = 0;
    for (let i = 0; i < this.seats.length; i++) work += this.seats[i].turn(this.batch);
    if (this.recovering.length > 0) this.reportRecovered();
    this.barrenTurns = work > 0 ? 0 : this.barrenTurns + 1;
    this.idle.idle(work, this);
  }

  /** Sleeps until its bell is rung; false after `timeoutMs`, when input that a silent ring holds is given back. */
  parkConsumer(timeoutMs: number): boolean {
    const { words, thread } = this;
    const bell = words.lieDown(thread);
    const isIdle = this.isIdle();
    const isCalled = words.control(thread) !== this.control;
    // Input that came after the last look is taken at once; input that is not taken again and again may not be taken yet.
    const isBarred = !isIdle && this.barrenTurns > 1;
    const isWoken = words.sleep(thread, bell, isCalled ? 0 : isIdle ? timeoutMs : isBarred ? NAP_MS : 0);
    if (isWoken || !isIdle || isCalled) return true;
    for (let i = 0; i < this.seats.length; i++) this.seats[i].rest();
    return false;
  }

  private isIdle(): boolean {
    for (let i = 0; i < this.seats.length; i++) if (!this.seats[i].isIdle) return false;
    return true;
  }

  private openMailbox(): void {
    this.control = this.words.control(this.thread);
    for (let mail = receiveMessageOnPort(this.port); mail !== undefined; mail = receiveMessageOnPort(this.port)) this.obey(mail.message as ThreadOrder);
  }

  private obey(order: ThreadOrder): void {
    if (order.kind === "stop") this.isStopped = true;
    else if (order.kind === "take") this.take(order.order);
    else this.give(order.shard);
  }

  private take(order: SeatOrder): void {
    const seat = new ShardSeat(order, this.thread, this.words);
    this.seats.push(seat);
    if (order.isRestored) this.recovering.push(seat);
  }

  /** Lets a shard go, with its arena whole and every output published. What is still to be repeated is repeated before. */
  private give(shard: number): void {
    const seat = this.seats.find(({ index }) => index === shard);
    if (seat === undefined) return;
    while (seat.isRecovering) {
      this.words.addTurn(this.thread);
      seat.turn(this.batch);
    }
    seat.settle();
    this.reportRecovered();
    this.seats = this.seats.filter((each) => each !== seat);
    this.tell({ kind: "given", shard });
  }

  private reportRecovered(): void {
    const done = this.recovering.filter((seat) => !seat.isRecovering);
    if (done.length === 0) return;
    this.recovering = this.recovering.filter((seat) => seat.isRecovering);
    for (const { index, repeats } of done) this.tell({ kind: "recovered", shard: index, repeated: repeats });
  }

  private tell(report: ThreadReport): void {
    this.port.postMessage(report);
  }
}
