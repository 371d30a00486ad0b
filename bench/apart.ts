/** The process of one bench among all: runs the bench that it is told, and answers with the results. */
import { BENCHES, type ApartTask } from "./run.ts";

process.once("message", (message) => {
  const { name, effort } = message as ApartTask;
  void BENCHES[name].run(effort).then((results) => process.send?.(results, () => process.disconnect()));
});
