/**
 * The supervisor over threads that are played: what it does about each death, and that under any order of messages, deaths and moves no shard
 * is ever carried by two threads, none is lost, and every question is answered.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../kernel/core/random.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { SupervisorPorts, ThreadListener } from "./roster.ts";
import type { SeatData, SeatOrder } from "./shard-seat.ts";
import { Supervisor } from "./supervisor.ts";
import type { SupervisionPlan, SupervisorEvent, ThreadOrder, ThreadReport } from "./thread-orders.ts";
import { ThreadWords } from "./thread-words.ts";

/** A thread without a thread: what it was told and has not read, what it said and was not heard. */
class PlayedThread {
  readonly carried = new Set<number>();
  readonly inbox: ThreadOrder[];
  readonly outbox: (ThreadReport | "exit")[] = [];
  readonly restored: number[];
  readonly listener: ThreadListener;
  readonly slot: number;
  isAlive = true;
  isStarted = false;
  code = 0;
  cause: unknown = null;

  constructor(slot: number, orders: readonly SeatOrder[], listener: ThreadListener) {
    this.slot = slot;
    this.listener = listener;
    this.inbox = orders.map((order) => ({ kind: "take", order }));
    this.restored = orders.filter((order) => order.isRestored).map((order) => order.data.index);
  }

  /** Starts, or reads one order. */
  step(): void {
    if (!this.isStarted) {
      this.isStarted = true;
      while (this.inbox.length > 0) this.obey(this.inbox.shift() as ThreadOrder);
      this.outbox.push({ kind: "running" });
    } else if (this.inbox.length > 0) this.obey(this.inbox.shift() as ThreadOrder);
  }

  die(code: number, cause: unknown = null): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.code = code;
    this.cause = cause;
    this.outbox.push("exit");
  }

  /** The supervisor hears the oldest thing that was said. */
  hear(): void {
    const said = this.outbox.shift();
    if (said === "exit") this.listener.onExit(this.code, this.cause);
    else if (said !== undefined) this.listener.onReport(said);
  }

  private obey(order: ThreadOrder): void {
    if (order.kind === "take") {
      this.carried.add(order.order.data.index);
      if (order.order.isRestored) this.outbox.push({ kind: "recovered", shard: order.order.data.index, repeated: 1 });
    } else if (order.kind === "give") {
      if (this.carried.delete(order.shard)) this.outbox.push({ kind: "given", shard: order.shard });
    } else {
      this.outbox.push({ kind: "stopped", gcEvents: 1 });
      this.die(0);
    }
  }
}

const PLAN: SupervisionPlan = { threads: 2, rebalance: false, stallNs: 1e9, restartsMax: 5, heapMb: null };

function stage(shards: number, plan: Partial<SupervisionPlan> = {}) {
  const words = ThreadWords.create(shards);
  const rings = Array.from({ length: shards }, () => [GatedRing.create(64), GatedRing.create(64)]);
  const seats = rings.map(([input, output], index) => {
    const dataOf = ({ buffer, byteOffset, capacity }: GatedRing) => ({ buffer, byteOffset, capacity });
    return { index, input: dataOf(input), output: dataOf(output) } as unknown as SeatData;
  });
  const threads: PlayedThread[] = [];
  const told: SupervisorEvent[] = [];
  const timers: (readonly [ms: number, run: () => void])[] = [];
  const time = { now: 0, hasEnded: false };
  const ports: SupervisorPorts = {
    spawn(slot, orders, listener) {
      const thread = new PlayedThread(slot, orders, listener);
      threads.push(thread);
      return { post: (order) => void thread.inbox.push(order), terminate: () => thread.die(1) };
    },
    tell: (event) => void told.push(event),
    later: (ms, run) => void timers.push([ms, run]),
    now: () => time.now,
    onEnd: () => (time.hasEnded = true),
  };
  const supervisor = new Supervisor(words, seats, 64, { ...PLAN, ...plan }, ports);
  supervisor.start();
  const settle = (): void => {
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const thread of threads) {
        while ((thread.isAlive && (!thread.isStarted || thread.inbox.length > 0)) || thread.outbox.length > 0) {
          if (thread.isAlive) thread.step();
          while (thread.outbox.length > 0) thread.hear();
          isMoving = true;
        }
      }
      for (const [, run] of timers.splice(0)) {
        run();
        isMoving = true;
      }
    }
  };
  const alive = (): PlayedThread[] => threads.filter((thread) => thread.isAlive);
  const holder = (shard: number): PlayedThread => alive().find((thread) => thread.carried.has(shard)) as PlayedThread;
  /** Lets a thread take a record there and die of it. */
  const killAt = (shard: number, cursor: number, isExact: boolean, cause: unknown = new Error("boom")): void => {
    const thread = holder(shard);
    words.setTaking(thread.slot, shard, cursor, isExact);
    thread.die(1, cause);
    while (thread.outbox.length > 0) thread.hear();
  };
  return { supervisor, words, rings, threads, told, timers, time, settle, alive, holder, killAt };
}

type Stage = ReturnType<typeof stage>;

const kinds = ({ told }: Stage): string[] => told.map(({ kind }) => kind);

describe("a thread that dies", () => {
  it("is replaced: its shards go on from their images, and are down until they have caught up", () => {
    const s = stage(4);
    s.settle();
    const thread = s.holder(0);
    const shards = [...thread.carried];
    s.killAt(0, 10, false);
    expect(s.words.down).toBe(shards.length);
    s.time.now = 50e6;
    s.settle();
    expect(s.words.down).toBe(0);
    expect(s.threads.at(-1)).toMatchObject({ slot: thread.slot, restored: shards });
    expect(kinds(s)).toEqual(["died", ...shards.map(() => "recovered")]);
    expect(s.told[1]).toMatchObject({ ns: 50e6, repeated: 1 });
  });

  it("again and again is replaced after ever longer waits, and ends the run when it is too often", () => {
    const s = stage(2, { restartsMax: 3 });
    s.settle();
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      s.killAt(0, 100 * n, true);
      waits.push(...s.timers.map(([ms]) => ms));
      s.settle();
    }
    expect(waits).toEqual([0, 10, 20]);
    expect(s.told.at(-1)).toMatchObject({ kind: "failed", verdict: "too many restarts", shard: 0, restarts: 3, why: "boom" });
  });

  it("at the same record twice ends the run, and says where", () => {
    const s = stage(2);
    s.settle();
    s.killAt(1, 777, true);
    s.settle();
    s.killAt(1, 777, true);
    expect(s.told.at(-1)).toMatchObject({ kind: "failed", verdict: "again at the same record", shard: 1, cursor: 777 });
    expect(s.timers).toEqual([]);
  });

  it("within a batch is not known to the record: the successor takes one at a time up to there, and only then is the record blamed", () => {
    const s = stage(2);
    s.settle();
    s.killAt(1, 700, false);
    s.settle();
    s.killAt(1, 700, false); // elsewhere in the same batch, for all that is known
    s.settle();
    expect(kinds(s)).not.toContain("failed");
    s.killAt(1, 730, true);
    s.settle();
    s.killAt(1, 730, true);
    expect(s.told.at(-1)).toMatchObject({ kind: "failed", cursor: 730 });
  });

  it("without images ends the run at once", () => {
    const s = stage(2, { restartsMax: 0 });
    s.settle();
    s.killAt(0, 5, true);
    expect(s.told).toEqual([expect.objectContaining({ kind: "failed", verdict: "unprotected", shard: 0, cursor: 5 })]);
  });

  it("between two polls blames no record", () => {
    const s = stage(2);
    s.settle();
    for (let n = 0; n < 3; n++) {
      s.holder(0).die(1);
      s.settle();
    }
    expect(kinds(s)).not.toContain("failed");
  });

  it("without having been told to is dead, whatever code it ends with", () => {
    const s = stage(2);
    s.settle();
    s.holder(0).die(0);
    s.settle();
    expect(s.told[0]).toMatchObject({ kind: "died", cause: "it ended with code 0" });
  });
});

describe("a thread that stands still", () => {
  function waitingInput(s: Stage, shard: number): void {
    s.rings[shard][0].claim();
    s.rings[shard][0].commit();
  }

  function ticks(s: Stage, ms: number): void {
    for (let n = 0; n < ms; n += 20) {
      s.time.now += 20e6;
      s.supervisor.tick();
    }
  }

  it("with input waiting is ended after the limit, not before, and replaced", () => {
    const s = stage(2);
    s.settle();
    waitingInput(s, 0);
    const thread = s.holder(0);
    ticks(s, 980);
    expect(thread.isAlive).toBe(true);
    ticks(s, 60);
    expect(thread.isAlive).toBe(false);
    s.settle();
    expect(s.told[0]).toMatchObject({ kind: "died", cause: "it stood still for 1.0 s with input waiting" });
    expect(s.holder(0).isAlive).toBe(true);
  });

  it("is not one that turns, that publishes, that has nothing to do, or that waits for the merge", () => {
    const s = stage(4, { threads: 4 });
    s.settle();
    for (const shard of [0, 1, 3]) waitingInput(s, shard);
    s.words.setWaiting(s.holder(3).slot, 3);
    for (let n = 0; n < 100; n++) {
      s.words.addTurn(s.holder(0).slot);
      s.rings[1][1].claim();
      s.rings[1][1].commit();
      s.rings[1][1].available();
      s.rings[1][1].release(1);
      ticks(s, 40);
    }
    expect(s.alive()).toHaveLength(4);
    expect(s.words.beat).toBe(200);
  });

  it("is not every thread of a process that was stopped for an hour", () => {
    const s = stage(2);
    s.settle();
    waitingInput(s, 0);
    ticks(s, 500);
    s.time.now += 3600e9;
    ticks(s, 900);
    expect(s.alive()).toHaveLength(2);
  });

  it("may take longer to start", () => {
    const s = stage(2);
    waitingInput(s, 0);
    ticks(s, 19_900);
    expect(s.alive()).toHaveLength(2);
    ticks(s, 200);
    expect(s.alive()).toHaveLength(0);
  });
});

describe("the load of the threads", () => {
  it("is evened out when the same one was too busy three times in a row, and not before", () => {
    const s = stage(3, { threads: 2, rebalance: true, stallNs: 3600e9 });
    s.settle();
    const busy = s.alive().find((thread) => thread.carried.size === 2) as PlayedThread;
    const [first, second] = [...busy.carried];
    let taken = 0;
    const measure = (): void => {
      taken += 1000;
      s.words.setPosition(first, taken);
      s.words.setPosition(second, taken);
      s.time.now += 500e6;
      s.supervisor.tick();
      s.settle();
    };
    measure();
    measure();
    expect(kinds(s)).toEqual([]);
    measure();
    expect(kinds(s)).toEqual(["moved"]);
    expect(
      s
        .alive()
        .map((thread) => thread.carried.size)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2]);
    for (let n = 0; n < 5; n++) measure();
    expect(kinds(s)).toEqual(["moved"]);
  });
});

describe("the end", () => {
  it("comes when every thread has said that it stopped", () => {
    const s = stage(3, { threads: 3 });
    s.settle();
    s.supervisor.command({ kind: "stop" });
    s.settle();
    expect(s.told).toEqual([{ kind: "stopped", gcEvents: 3 }]);
    expect(s.time.hasEnded).toBe(true);
  });

  it("waits for a shard that died on the way: what is read of its arena afterwards is whole", () => {
    const s = stage(2);
    s.settle();
    const thread = s.holder(1);
    s.supervisor.command({ kind: "stop" });
    thread.die(1);
    s.settle();
    expect(kinds(s)).toEqual(["died", "recovered", "stopped"]);
  });
});

/** One run of random commands, deaths and deliveries; every step is checked. */
function play(seed: number): Stage {
  const random = new Random(new Int32Array(4), seed);
  const shards = 1 + random.nextBelow(7);
  const s = stage(shards, { threads: 1 + random.nextBelow(shards), restartsMax: 1000 });
  const pick = <T>(list: readonly T[]): T | undefined => (list.length === 0 ? undefined : list[random.nextBelow(list.length)]);
  let asked = 0;
  for (let n = 0; n < 200; n++) {
    const choice = random.nextBelow(100);
    if (choice < 40) pick(s.alive())?.step();
    else if (choice < 80) pick(s.threads.filter((thread) => thread.outbox.length > 0))?.hear();
    else if (choice < 88) s.timers.splice(0, 1).forEach(([, run]) => run());
    else if (choice < 92) pick(s.alive())?.die(1);
    else if (choice < 96) s.supervisor.command({ kind: "add", id: asked++ });
    else s.supervisor.command({ kind: "remove", id: asked++, thread: random.nextBelow(8) });
    for (let shard = 0; shard < shards; shard++) {
      expect(s.alive().filter((thread) => thread.carried.has(shard)).length, `seed ${seed}, step ${n}, shard ${shard}`).toBeLessThanOrEqual(1);
    }
  }
  s.settle();
  const done = s.told.flatMap((event) => (event.kind === "done" ? [event.id] : []));
  expect(
    done.toSorted((a, b) => a - b),
    `seed ${seed}`,
  ).toEqual(Array.from({ length: asked }, (_, id) => id));
  for (let shard = 0; shard < shards; shard++) expect(s.words.threadOf(shard), `seed ${seed}`).toBe(s.holder(shard)?.slot);
  expect(s.words.down, `seed ${seed}`).toBe(0);
  expect(s.words.slots).toBe(Math.max(...s.alive().map((thread) => thread.slot)) + 1);
  s.supervisor.command({ kind: "stop" });
  s.settle();
  expect([s.alive().length, s.time.hasEnded], `seed ${seed}`).toEqual([0, true]);
  return s;
}

describe("whatever is asked, and whoever dies when", () => {
  it("each shard is carried by one thread or by none, and in the end by one; each question is answered", () => {
    let moves = 0;
    let deaths = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { told } = play(seed);
      moves += told.filter(({ kind }) => kind === "moved").length;
      deaths += told.filter(({ kind }) => kind === "died").length;
    }
    expect(moves).toBeGreaterThan(300);
    expect(deaths).toBeGreaterThan(1000);
  });
});
