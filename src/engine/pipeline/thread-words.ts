/**
 * The shared words of a threaded run: how the main thread, the supervisor and the shards' threads see each other without turning an event
 * loop. @hot
 *
 * One writer a word; words of different writers lie 128 bytes apart. The bell is the exception: whoever rings adds to it atomically.
 *
 *   run        events  supervisor   messages in the main thread's mailbox so far
 *              down    supervisor   shards that are being recovered
 *              slots   supervisor   one above the highest thread in use
 *              beat    supervisor   looks at the threads so far: its own heartbeat
 *   thread     control supervisor   moves when there is something in the thread's mailbox
 *              bell    all          even; what an idle thread sleeps on
 *              turn, asleep, waiting, taking, cursor, exact      the thread; after its death the supervisor, its heir
 *   shard      position  the thread that has it      cursor of the next record to take
 *              thread    supervisor                  1 + the thread that has it; 0 between two
 */
const LINE = 32;
const EVENTS = 0;
const DOWN: number = LINE;
const SLOTS: number = 2 * LINE;
const BEAT: number = SLOTS + 1;
const THREADS: number = 3 * LINE;
const THREAD_STRIDE: number = 3 * LINE;
const CONTROL = 0;
const BELL: number = LINE;
/** Loop turns so far: the heartbeat. */
const TURN: number = 2 * LINE;
/** 0, or 1 + the value of the bell that it sleeps on. */
const ASLEEP: number = TURN + 1;
/** 0, or 1 + the shard that waits for room in its output ring. */
const WAITING: number = TURN + 2;
/** 0, or 1 + the shard that is taking records. */
const TAKING: number = TURN + 3;
/** Cursor of the first record of this taking; of the record itself where exact is 1. */
const CURSOR: number = TURN + 4;
const EXACT: number = TURN + 5;
const SHARD_STRIDE: number = 2 * LINE;
const POSITION = 0;
const THREAD: number = LINE;

/** Most threads that carry shards. */
export const THREADS_MAX = 64;

export class ThreadWords {
  readonly buffer: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly shards: number;

  /** Attaches to words made by create() for as many shards. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.shards = THREADS + THREADS_MAX * THREAD_STRIDE;
  }

  static create(shards: number): ThreadWords {
    return new ThreadWords(new SharedArrayBuffer((THREADS + THREADS_MAX * THREAD_STRIDE + shards * SHARD_STRIDE) * 4));
  }

  /** Messages that the supervisor has put into the main thread's mailbox, modulo 2^32. */
  get events(): number {
    return Atomics.load(this.words, EVENTS);
  }

  /** Supervisor: one more message. */
  addEvent(): void {
    Atomics.store(this.words, EVENTS, (this.words[EVENTS] + 1) | 0);
  }

  /** Shards that are being recovered. */
  get down(): number {
    return Atomics.load(this.words, DOWN);
  }

  set down(count: number) {
    Atomics.store(this.words, DOWN, count);
  }

  /** One above the highest thread in use. */
  get slots(): number {
    return Atomics.load(this.words, SLOTS);
  }

  set slots(count: number) {
    Atomics.store(this.words, SLOTS, count);
  }

  /** The supervisor's heartbeat, modulo 2^32. */
  get beat(): number {
    return Atomics.load(this.words, BEAT);
  }

  /** Supervisor: it is alive. */
  addBeat(): void {
    Atomics.store(this.words, BEAT, (this.words[BEAT] + 1) | 0);
  }

  /** A number that moves when there is something in this thread's mailbox. */
  control(thread: number): number {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + CONTROL);
  }

  /** Supervisor: says that there is something in the thread's mailbox, and wakes it. */
  call(thread: number): void {
    const at = THREADS + thread * THREAD_STRIDE;
    Atomics.store(this.words, at + CONTROL, (this.words[at + CONTROL] + 1) | 0);
    this.ring(thread);
  }

  /** Wakes a thread that sleeps; call it after what it is woken for has been published. */
  ring(thread: number): void {
    const words = this.words;
    const at = THREADS + thread * THREAD_STRIDE;
    const asleep = Atomics.load(words, at + ASLEEP);
    if (asleep === 0 || Atomics.load(words, at + BELL) !== asleep - 1) return;
    Atomics.add(words, at + BELL, 2);
    Atomics.notify(words, at + BELL);
  }

  /** Wakes every thread that sleeps. */
  ringAll(): void {
    const slots = this.slots;
    for (let thread = 0; thread < slots; thread++) this.ring(thread);
  }

  /**
   * The thread: says that it is about to sleep; answers what to sleep on. Afterwards it looks once more whether there is work: whoever
   * publishes work rings after it, so one of the two sees the other.
   */
  lieDown(thread: number): number {
    const at = THREADS + thread * THREAD_STRIDE;
    const bell = Atomics.load(this.words, at + BELL);
    Atomics.store(this.words, at + ASLEEP, bell + 1);
    return bell;
  }

  /** The thread: sleeps until the bell moves from `bell`, for `timeoutMs` at most; 0 only says that it is awake. True if it was woken. */
  sleep(thread: number, bell: number, timeoutMs: number): boolean {
    const at = THREADS + thread * THREAD_STRIDE;
    const isWoken = timeoutMs > 0 && Atomics.wait(this.words, at + BELL, bell, timeoutMs) !== "timed-out";
    Atomics.store(this.words, at + ASLEEP, 0);
    return isWoken;
  }

  /** True from lieDown() to the end of sleep(). */
  isAsleep(thread: number): boolean {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + ASLEEP) !== 0;
  }

  /** Loop turns of the thread so far, modulo 2^32. */
  turns(thread: number): number {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + TURN);
  }

  /** The thread: one more turn. */
  addTurn(thread: number): void {
    const at = THREADS + thread * THREAD_STRIDE + TURN;
    Atomics.store(this.words, at, (this.words[at] + 1) | 0);
  }

  /** The shard of this thread that waits for room in its output ring; -1 for none. */
  waiting(thread: number): number {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + WAITING) - 1;
  }

  /** The thread: a shard waits for room in its output ring; -1 when none does any more. */
  setWaiting(thread: number, shard: number): void {
    Atomics.store(this.words, THREADS + thread * THREAD_STRIDE + WAITING, shard + 1);
  }

  /** The shard whose records the thread is taking, -1 for none. */
  taking(thread: number): number {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + TAKING) - 1;
  }

  /** Where it takes them. */
  takingAt(thread: number): number {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + CURSOR);
  }

  /** Whether takingAt() is the very record. */
  isExact(thread: number): boolean {
    return Atomics.load(this.words, THREADS + thread * THREAD_STRIDE + EXACT) !== 0;
  }

  /** The thread: begins to take records of a shard at this cursor; -1 when it is done. `exact`: only this one. */
  setTaking(thread: number, shard: number, cursor: number, exact: boolean): void {
    const at = THREADS + thread * THREAD_STRIDE;
    Atomics.store(this.words, at + CURSOR, cursor);
    Atomics.store(this.words, at + EXACT, exact ? 1 : 0);
    Atomics.store(this.words, at + TAKING, shard + 1);
  }

  /** The thread: it has taken what it was taking. */
  setTaken(thread: number): void {
    Atomics.store(this.words, THREADS + thread * THREAD_STRIDE + TAKING, 0);
  }

  /** The heir of a dead thread: it neither sleeps nor waits nor takes. */
  bury(thread: number): void {
    const at = THREADS + thread * THREAD_STRIDE;
    Atomics.store(this.words, at + ASLEEP, 0);
    Atomics.store(this.words, at + WAITING, 0);
    Atomics.store(this.words, at + TAKING, 0);
  }

  /** Cursor of the next record that a shard takes. */
  position(shard: number): number {
    return Atomics.load(this.words, this.shards + shard * SHARD_STRIDE + POSITION);
  }

  setPosition(shard: number, cursor: number): void {
    Atomics.store(this.words, this.shards + shard * SHARD_STRIDE + POSITION, cursor);
  }

  /** The thread that has a shard; -1 between two. */
  threadOf(shard: number): number {
    return Atomics.load(this.words, this.shards + shard * SHARD_STRIDE + THREAD) - 1;
  }

  /** Supervisor: who has the shard. */
  setThreadOf(shard: number, thread: number): void {
    Atomics.store(this.words, this.shards + shard * SHARD_STRIDE + THREAD, thread + 1);
  }
}
