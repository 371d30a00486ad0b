import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "../kernel/core/errors.ts";
import { REASON_UNSPECIFIED } from "../kernel/lifecycle/machine.ts";
import { REASON_LATENCY_BUDGET } from "./budget-trip.ts";
import { REASON_EXECUTION_FAILURE, REASON_MARKET_DATA_OUTAGE } from "./failure.ts";
import { gateReason } from "./readiness.ts";
import { ALERT_PAGES, type AlertKey, pageOfAlert, pageOfError, pageOfReason, renderRunbook, runbookPages } from "./runbook.ts";
import { REASON_WARMUP_FAILED, REASON_WARMUP_UNSTABLE } from "./warmup.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

describe("the runbook", () => {
  it("has a page for every error code, with its remedy first", () => {
    for (const code of CODES) expect(pageOfError(code).steps[0]).toBe(ERROR_CODES[code].remedy);
    expect(
      runbookPages()
        .filter((page) => page.kind === "error")
        .map((page) => page.key),
    ).toEqual(CODES);
  });

  it("has a page for every alert", () => {
    for (const key of Object.keys(ALERT_PAGES) as AlertKey[]) expect(pageOfAlert(key)).toMatchObject({ key, kind: "alert", anchor: `alert-${key}` });
  });

  it.each([REASON_UNSPECIFIED, REASON_MARKET_DATA_OUTAGE, REASON_EXECUTION_FAILURE, REASON_WARMUP_UNSTABLE, REASON_WARMUP_FAILED, REASON_LATENCY_BUDGET])(
    "has a page of its own for the reason %s",
    (reason) => {
      expect(pageOfReason(reason)).toMatchObject({ key: reason, kind: "reason" });
    },
  );

  it("has one page for all gates, and one for reasons that it does not know", () => {
    expect(pageOfReason(gateReason("feeds-fresh")).anchor).toBe("reason-gate");
    expect(pageOfReason("solar storm").key).toBe(REASON_UNSPECIFIED);
    expect(pageOfReason("toString").key).toBe(REASON_UNSPECIFIED);
  });

  it("says on every page what it means and at least one thing to do", () => {
    for (const page of runbookPages()) {
      expect(page.meaning.length, page.key).toBeGreaterThan(10);
      expect(page.steps.length, page.key).toBeGreaterThan(0);
      for (const step of page.steps) expect(step.length, page.key).toBeGreaterThan(10);
    }
  });

  it("gives each page an anchor of its own that fits in an address", () => {
    const anchors = runbookPages().map((page) => page.anchor);
    expect(new Set(anchors).size).toBe(anchors.length);
    for (const anchor of anchors) expect(anchor).toMatch(/^[a-z]+-[a-z0-9-]+$/);
  });

  it("renders every page once, under its anchor, with numbered steps", () => {
    const text = renderRunbook();
    for (const page of runbookPages()) {
      expect(text.split(`<a id="${page.anchor}"></a>`)).toHaveLength(2);
      page.steps.forEach((step, index) => expect(text).toContain(`${index + 1}. ${step}`));
    }
  });
});
