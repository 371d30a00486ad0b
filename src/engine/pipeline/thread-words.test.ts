import { describe, expect, it } from "vitest";
import { THREADS_MAX, ThreadWords } from "./thread-words.ts";

describe("the words of a threaded run", () => {
  it("do not share memory: each keeps its value while all others are written", () => {
    const words = ThreadWords.create(3);
    words.down = 1;
    words.slots = 2;
    words.addEvent();
    words.addBeat();
    for (let thread = 0; thread < THREADS_MAX; thread++) {
      words.call(thread);
      for (let n = 0; n <= thread; n++) words.addTurn(thread);
      words.setTaking(thread, thread, 1000 + thread, thread % 2 === 1);
      words.setWaiting(thread, thread - 1);
    }
    for (let shard = 0; shard < 3; shard++) {
      words.setPosition(shard, -shard);
      words.setThreadOf(shard, shard + 5);
    }
    expect([words.down, words.slots, words.events, words.beat]).toEqual([1, 2, 1, 1]);
    for (let thread = 0; thread < THREADS_MAX; thread++) {
      const seen = [words.control(thread), words.turns(thread), words.taking(thread), words.takingAt(thread), words.isExact(thread), words.waiting(thread)];
      expect(seen).toEqual([1, thread + 1, thread, 1000 + thread, thread % 2 === 1, thread - 1]);
    }
    expect([0, 1, 2].map((shard) => [words.position(shard), words.threadOf(shard)])).toEqual([
      [0, 5],
      [-1, 6],
      [-2, 7],
    ]);
  });

  it("begin with nobody: no thread takes or waits, no shard has a thread", () => {
    const words = ThreadWords.create(1);
    expect([words.taking(0), words.waiting(0), words.threadOf(0)]).toEqual([-1, -1, -1]);
  });

  it("of a dead thread say that it does nothing", () => {
    const words = ThreadWords.create(1);
    words.setTaking(2, 0, 5, true);
    words.setWaiting(2, 0);
    words.lieDown(2);
    words.bury(2);
    expect([words.taking(2), words.waiting(2), words.isAsleep(2)]).toEqual([-1, -1, false]);
  });
});

describe("the bell of a thread", () => {
  it("rung after it lay down and before it sleeps keeps it from sleeping", () => {
    const words = ThreadWords.create(1);
    const bell = words.lieDown(0);
    words.ring(0);
    expect(words.sleep(0, bell, 60_000)).toBe(true);
    expect(words.isAsleep(0)).toBe(false);
  });

  it("is not rung twice for one sleep, nor for a thread that is awake", () => {
    const words = ThreadWords.create(1);
    words.ring(0);
    const bell = words.lieDown(0);
    words.ring(0);
    words.ring(0);
    words.sleep(0, bell, 0);
    expect(words.lieDown(0)).toBe(bell + 2);
  });

  it("that nobody rings lets it wake by itself", () => {
    const words = ThreadWords.create(1);
    expect(words.sleep(0, words.lieDown(0), 1)).toBe(false);
  });

  it("of every thread in use is rung, left behind by a dead one or not", () => {
    const words = ThreadWords.create(2);
    words.slots = 2;
    const [first, second] = [words.lieDown(0), words.lieDown(1)];
    words.ringAll();
    expect([words.sleep(0, first, 60_000), words.sleep(1, second, 60_000)]).toEqual([true, true]);
  });
});
