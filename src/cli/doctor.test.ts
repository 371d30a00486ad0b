import { describe, expect, it } from "vitest";
import { tercel, tercelJson } from "../../test/model/cli.ts";
import { examine } from "./doctor.ts";

describe("tercel doctor", () => {
  it("has one finding a check, each that hurts with a remedy", async () => {
    const { version, node, findings } = await tercelJson<{ version: string; node: string; findings: ReturnType<typeof examine> }>(["doctor"]);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(node).toBe(process.versions.node);
    expect(findings.map((finding) => finding.check)).toEqual([
      "node",
      "cores",
      "isolated cores",
      "clock source",
      "clock step",
      "memory",
      "process",
      "Atomics.pause",
    ]);
    for (const { check, ok, seen, remedy } of findings) {
      expect(seen, check).not.toBe("");
      if (!ok) expect(remedy.length, check).toBeGreaterThan(20);
    }
  });

  it("people get a line a finding, exit code 0 whatever it finds", async () => {
    const { code, out } = await tercel("doctor");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toHaveLength(examine().length);
    for (const line of out.trimEnd().split("\n")) expect(line).toMatch(/^(ok {2}|hurt) {2}[\w .]+: .+/);
  });
});
