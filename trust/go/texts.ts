/** Go's way of writing and reading values, for messages that must read as the programs print them. */

/** Go's %q: double quotes, with backslashes, quotes and control characters escaped. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u00a0]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0xa0 ? `\\x${code.toString(16)}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A value, or Go's complaint about its text. */
export type Read<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: string };

/** strconv.ParseBool. */
export function parseBool(text: string): Read<boolean> {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) {
    return { value: true };
  }
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) {
    return { value: false };
  }
  return { error: `strconv.ParseBool: parsing ${quote(text)}: invalid syntax` };
}

/** strconv.ParseInt or ParseUint with base 0, as pflag uses them. */
export function parseInteger(text: string, bits: number, signed: boolean): Read<number> {
  const name = signed ? "ParseInt" : "ParseUint";
  const match = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)$/.exec(text);
  if (!match || (!signed && match[1] !== "")) {
    return { error: `strconv.${name}: parsing ${quote(text)}: invalid syntax` };
  }
  const digits = (match[2] ?? "0").replaceAll("_", "");
  const octal = /^0[0-7]+$/.exec(digits);
  const size = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -size : size;
  const limit = 1n << BigInt(signed ? bits - 1 : bits);
  if (value >= limit || value < (signed ? -limit : 0n)) {
    return { error: `strconv.${name}: parsing ${quote(text)}: value out of range` };
  }
  return { value: Number(value) };
}

/** strconv.ParseFloat. */
export function parseFloat64(text: string): Read<number> {
  const value = Number(text);
  if (text.trim() !== text || text === "" || Number.isNaN(value)) {
    return { error: `strconv.ParseFloat: parsing ${quote(text)}: invalid syntax` };
  }
  return { value };
}

const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** time.ParseDuration, in nanoseconds. */
export function parseDuration(text: string): Read<number> {
  const invalid = { error: `time: invalid duration ${quote(text)}` };
  const negative = text.startsWith("-");
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") {
    return { value: 0 };
  }
  if (rest === "") {
    return invalid;
  }
  let total = 0;
  while (rest !== "") {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) {
      return invalid;
    }
    rest = rest.slice(number.length);
    const unit = /^[^.\d]+/.exec(rest)?.[0];
    if (unit === undefined) {
      return { error: `time: missing unit in duration ${quote(text)}` };
    }
    const size = Object.hasOwn(unitNanoseconds, unit) ? unitNanoseconds[unit] : undefined;
    if (size === undefined) {
      return { error: `time: unknown unit ${quote(unit)} in duration ${quote(text)}` };
    }
    total += Number(number) * size;
    rest = rest.slice(unit.length);
  }
  return { value: negative ? -total : total };
}

/** time.Duration.String of nanoseconds, e.g. `1m30s`, `100ms`, `0s`. */
export function durationText(nanoseconds: number): string {
  const sign = nanoseconds < 0 ? "-" : "";
  const size = Math.abs(nanoseconds);
  if (size === 0) {
    return "0s";
  }
  if (size < 1e9) {
    const [unit, name] = size < 1e3 ? [1, "ns"] : size < 1e6 ? [1e3, "µs"] : [1e6, "ms"];
    return `${sign}${size / Number(unit)}${name}`;
  }
  const hours = Math.floor(size / 3600e9);
  const minutes = Math.floor((size % 3600e9) / 60e9);
  const seconds = (size % 60e9) / 1e9;
  const hourText = hours > 0 ? `${hours}h` : "";
  const minuteText = hours > 0 || minutes > 0 ? `${minutes}m` : "";
  return `${sign}${hourText}${minuteText}${seconds}s`;
}

/** A list as Go's %v prints it: `[a b]`. */
export function listText(items: readonly string[]): string {
  return `[${items.join(" ")}]`;
}

/** k8s.io/apimachinery's Aggregate: equal messages once, one alone bare, several in brackets. */
export function aggregateText(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] ?? "") : `[${unique.join(", ")}]`;
}

/** The line that component-base's cli.Run logs as a program gives up; klog breaks a text of several lines. */
export function commandFailed(error: string): string {
  const shown = error.includes("\n")
    ? `<\n\t${error.replace(/\n$/, "").replaceAll("\n", "\n\t")}\n >`
    : quote(error);
  return `run.go:72] "command failed" err=${shown}`;
}
