/** Option values that are whole numbers in a range. */
import { StreamError } from "../kernel/core/errors.ts";

/** A whole number from an option, USAGE with the range otherwise. */
export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new StreamError("USAGE", `${option}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`, { option });
    }
    return value;
  };
}
