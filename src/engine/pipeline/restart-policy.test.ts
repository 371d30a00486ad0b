import { describe, expect, it } from "vitest";
import { RESTART_WINDOW_NS, RestartPolicy } from "./restart-policy.ts";

describe("the restart policy", () => {
  it("waits not at all, then twice as long each time, and then no more", () => {
    const policy = new RestartPolicy(2, 5);
    expect([0, 1, 2, 3, 4, 5].map((n) => policy.died(0, n))).toEqual([0, 10, 20, 40, 80, null]);
    expect(policy.count(0)).toBe(5);
    expect(policy.died(1, 6)).toBe(0);
  });

  it("waits a second at most", () => {
    const policy = new RestartPolicy(1, 20);
    expect(Math.max(...Array.from({ length: 20 }, (_, n) => policy.died(0, n) ?? Infinity))).toBe(1000);
  });

  it("forgets what was more than a minute ago", () => {
    const policy = new RestartPolicy(1, 2);
    expect([policy.died(0, 0), policy.died(0, 1), policy.died(0, 2)]).toEqual([0, 10, null]);
    expect(policy.died(0, RESTART_WINDOW_NS)).toBe(10);
    expect(policy.died(0, 3 * RESTART_WINDOW_NS)).toBe(0);
  });
});
