/**
 * The short form of test/endurance/garbage.test.ts, so that it cannot rot: after two million records a typical window of the next
 * million grows new space by less than a tenth of a byte a record. The long form also counts collections, over a hundred million.
 */
import { describe, expect, it } from "vitest";
import { GarbageProbe, type GarbageReport } from "../endurance/garbage-probe.ts";
import type { GarbageOutcome } from "../endurance/garbage-run.ts";
import { runMeasured, type MeasuredRun } from "../endurance/measured-run.ts";

const BYTES_PER_RECORD_MAX = 0.1;
const TIMEOUT_MS = 120_000;
const SHORT = { shards: 1, warmUpRecords: 2_000_000, records: 1_000_000, windowRecords: 100_000, settled: false };

async function reportsOf(driver: MeasuredRun["driver"]): Promise<GarbageReport[]> {
  return runMeasured<GarbageReport>("garbage-run.ts", { ...SHORT, driver }, TIMEOUT_MS);
}

describe("a million records through the whole pipeline", () => {
  it(
    "in one thread make no garbage",
    async () => {
      const [outcome] = (await reportsOf("inline")) as [GarbageOutcome];
      expect(outcome.records).toBeGreaterThanOrEqual(SHORT.records);
      expect(outcome.medianBytesPerRecord).toBeLessThan(BYTES_PER_RECORD_MAX);
      const { lost, signals, bars, panes, acks } = outcome.summary;
      expect(lost).toBe(0);
      for (const count of [signals, bars, panes, acks]) expect(count).toBeGreaterThan(1000);
    },
    TIMEOUT_MS,
  );

  it(
    "make none in the thread of a shard",
    async () => {
      const shard = (await reportsOf("threaded")).find(({ thread }) => thread.startsWith("shard"));
      expect(shard?.records).toBeGreaterThanOrEqual(SHORT.records / 2);
      expect(shard?.medianBytesPerRecord).toBeLessThan(BYTES_PER_RECORD_MAX);
    },
    TIMEOUT_MS,
  );
});

describe("the probe", () => {
  it("sees an object a record, and the collections that many of them bring", () => {
    const run: MeasuredRun = { driver: "inline", shards: 1, warmUpRecords: 1000, records: 2_000_000, windowRecords: 1000, settled: false };
    const probe = new GarbageProbe("planted", run);
    let kept: object | null = null;
    for (let record = 0; record <= run.records; record++) {
      kept = { record, before: kept === null };
      probe.at(record);
    }
    probe.end(run.records + 1);
    const { records, bytesPerRecord, medianBytesPerRecord, collections } = probe.report();
    expect(records).toBeGreaterThan(1_900_000);
    expect(bytesPerRecord).toBeGreaterThan(8);
    expect(medianBytesPerRecord).toBeGreaterThan(8);
    expect(collections.length).toBeGreaterThan(0);
    expect(kept).not.toBeNull();
  });
});
