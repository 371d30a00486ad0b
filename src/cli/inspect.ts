/** `tercel inspect`: small questions about a file, answered without a pipeline. */
import type { Command } from "commander";
import type { CommandContext } from "./main.ts";
import { addInspectBook } from "./inspect-book.ts";
import { addInspectDecode } from "./inspect-decode.ts";

export function addInspect(program: Command, context: CommandContext): void {
  const inspect = program.command("inspect").description("small questions about a file");
  addInspectDecode(inspect, context);
  addInspectBook(inspect, context);
}
