import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", ["json", { outputFile: "test-results.json" }]],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts", "src/**/*.fuzz.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 90 },
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "src/**/*.fuzz.ts", "test/{contract,golden,scenario,thread,tidy}/**/*.test.ts"],
          testTimeout: 30_000,
          pool: "threads",
        },
      },
      { test: { name: "service", include: ["test/service/**/*.test.ts"], testTimeout: 120_000, fileParallelism: false } },
      { test: { name: "endurance", include: ["test/endurance/**/*.test.ts"], testTimeout: 900_000, fileParallelism: false } },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 600_000 } },
    ],
  },
});
